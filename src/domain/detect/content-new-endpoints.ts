import type { Activity, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { counted, named } from './evidence.js';
import type { Candidate, Evidence, Severity } from './finding.js';
import { networkOf } from './network.js';
import {
  freshQuery,
  isLearned,
  isPublicClient,
  isRarelyNew,
  type Novelty,
  noveltyBits,
  noveltyOf,
} from './novelty.js';
import { endpointsOf, groupBy, tally } from './tally.js';

const about = {
  name: 'new_endpoints',
  family: 'content',
  summary: 'endpoints that the key never used, the more so from a new origin or by a new program',
  rule: 'Endpoints without accepted use in the history: low by known hosts; medium with a new network or program; high with both. Bits of all that is new are added.',
  source: 'GuardDuty AnomalousBehavior (unusual factors); Elastic "unusual AWS command for a user"',
  budgeted: true,
} as const;

/**
 * What is new is added up as if independent: bits = sum of log10((N + |S|) / (N_new + 1)) over endpoint, network (or address) and
 * program. By address where that is new, else for the family as a whole.
 */
export const newEndpoints: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!isLearned(baseline) || !isRarelyNew(baseline, 'endpoints')) return [];
  const judged = window.activity.flatMap((each) => {
    const novelty = noveltyOf(each, baseline);
    return novelty.endpoint && each.requests > each.unauthorized ? [{ each, novelty }] : [];
  });
  if (judged.length === 0) return [];
  const public_ = isPublicClient(baseline) || !isRarelyNew(baseline, 'networks');
  const foreign = public_ ? [] : judged.filter(({ novelty }) => novelty.ip);
  const own = judged.filter(({ each, novelty }) => (public_ || !novelty.ip) && each.ok > 0);
  const byAddress = [
    ...groupBy(
      foreign.map(({ each }) => each),
      ({ ip }) => ip,
    ),
  ];
  return [
    ...byAddress.map(([ip, activity]) => statement(window, baseline, activity, ip)),
    ...(own.length === 0
      ? []
      : [
          statement(
            window,
            baseline,
            own.map(({ each }) => each),
            null,
          ),
        ]),
  ];
}

/** @param ip the new address that they were asked from; null: known ones */
function statement(
  window: Window,
  baseline: Baseline,
  activity: readonly Activity[],
  ip: string | null,
): Candidate {
  const [first] = activity;
  const merged = first === undefined ? null : mergedNovelty(activity, baseline);
  const network = ip !== null && merged?.network === true;
  const agent = merged?.agent === true && isRarelyNew(baseline, 'agents');
  const { requests, ok, firstAt } = tally(activity);
  const values = [...endpointsOf(activity)];
  const novel = [
    'endpoint',
    ...(network ? ['network'] : ip === null ? [] : ['address']),
    ...(agent ? ['program'] : []),
  ];
  const bits =
    noveltyBits(baseline, 'endpoints') +
    (network ? noveltyBits(baseline, 'networks') : ip === null ? 0 : noveltyBits(baseline, 'ips')) +
    (agent ? noveltyBits(baseline, 'agents') : 0);
  return candidateOf(about, window, baseline, activity, {
    ...strength(network, agent),
    ...{ bits, cause: novel.join(' + '), ip, observed: values.length, expected: [0, 0] },
    detectableAt: firstAt,
    summary: `${counted(values.length, 'endpoint')} never used before${ip === null ? '' : `, from ${ip}`}: ${counted(requests, 'request')}, ${ok} accepted`,
    factors: factorsOf(values, { ip, network, agents: agent ? agentsOf(activity) : [] }, baseline),
    suggests: 'keyctl audit endpoints KEY',
    query: freshQuery(values, baseline),
  });
}

function strength(network: boolean, agent: boolean): { severity: Severity; weight: number } {
  if (network && agent) return { severity: 'high', weight: 0.65 };
  if (network) return { severity: 'medium', weight: 0.5 };
  return agent ? { severity: 'medium', weight: 0.4 } : { severity: 'low', weight: 0.2 };
}

function mergedNovelty(activity: readonly Activity[], baseline: Baseline): Novelty {
  const all = activity.map((each) => noveltyOf(each, baseline));
  return {
    ip: all.some(({ ip }) => ip),
    network: all.some(({ network }) => network),
    agent: all.some(({ agent }) => agent),
    endpoint: true,
  };
}

function agentsOf(activity: readonly Activity[]): readonly string[] {
  return [...groupBy(activity, ({ agent }) => agent).keys()];
}

function factorsOf(
  endpoints: readonly string[],
  { ip, network, agents }: { ip: string | null; network: boolean; agents: readonly string[] },
  baseline: Baseline,
): Evidence['factors'] {
  const known = Object.keys(baseline.networks);
  return [
    { what: 'endpoint', value: named(endpoints), usual: named(Object.keys(baseline.endpoints)) },
    ...(ip === null
      ? []
      : [
          network
            ? { what: 'network', value: networkOf(ip) ?? ip, usual: named(known) }
            : { what: 'address', value: ip, usual: `${Object.keys(baseline.ips).length} known` },
        ]),
    ...(agents.length === 0
      ? []
      : [{ what: 'program', value: named(agents), usual: named(Object.keys(baseline.agents)) }]),
  ];
}
