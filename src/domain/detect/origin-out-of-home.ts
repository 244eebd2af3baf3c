import type { Activity, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { counted, named } from './evidence.js';
import type { Candidate } from './finding.js';
import { noveltyOf } from './novelty.js';
import { elsewhere, fewHomes, type Homes } from './origin-corroboration.js';
import { ipsOf, tally } from './tally.js';

/** A key of machines has at most so many homes. */
const mostHomes = 2;
const leastHistoryDays = 14;
const surelyFrom = 3;
const weight = 0.55;
const onceWeight = 0.4;
/** Who looks for what there is finds much that is not: so many, and this share. */
const leastTrouble = 5;
const troubleShare = 0.2;

const about = {
  name: 'out_of_home',
  family: 'origin',
  summary: "a server's key used outside the one or two networks that it lives in",
  rule: 'From a provider other than the at most 2 known ones; without a prefix table from a new network, by a new program, to a new endpoint, or into many 403 and 404. Not refused with 401. High for 3 requests, or when all is new, else medium. 14 days of history.',
  source: 'GuardDuty InstanceCredentialExfiltration.OutsideAWS',
  budgeted: false,
} as const;

/** A rule: credentials of a machine, used from outside of its network. */
export const outOfHome: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  const homes = fewHomes(window, baseline, mostHomes);
  if (homes === null || baseline === null || baseline.historyDays < leastHistoryDays) return [];
  const all = [...window.before, ...window.activity];
  const sureness = sureOf(all, window, { baseline, homes });
  const now = window.activity.filter((each) => sureness(each) > 0);
  if (now.length === 0) return [];
  const away = all.filter((each) => sureness(each) > 0);
  const from = [...ipsOf(away)];
  const { firstAt } = tally(away);
  const { requests, unauthorized } = tally(all.filter(({ ip }) => ip !== null && from.includes(ip)));
  const admitted = requests - unauthorized;
  const sure = admitted >= surelyFrom || away.some((each) => sureness(each) === 2);
  return [
    candidateOf(about, window, baseline, now, {
      ...{ severity: sure ? 'high' : 'medium', weight: sure ? weight : onceWeight, bits: null },
      ...{ cause: homes.level, observed: admitted, expected: [0, 0] },
      ...{ onsetAt: firstAt, windowStart: firstAt, detectableAt: tally(now).firstAt },
      summary: `${counted(admitted, 'request')} from ${named(from)}, outside of its home`,
      factors: [{ what: homes.level, value: named(from), usual: named(homes.known) }],
      suggests: 'keyctl suspend KEY',
      query: { ips: from },
    }),
  ];
}

/** How surely each request came from elsewhere; where a new network runs into 403 and 404, all that it asked does. */
function sureOf(
  all: readonly Activity[],
  window: Window,
  { baseline, homes }: { readonly baseline: Baseline; readonly homes: Homes },
): (each: Activity) => number {
  const foreign = new Set(
    all.filter((each) => each.requests > each.unauthorized && noveltyOf(each, baseline).network),
  );
  const { requests, forbidden, notFound } = tally([...foreign]);
  const trouble = forbidden + notFound;
  const lost = homes.level === 'network' && trouble >= Math.max(leastTrouble, troubleShare * requests);
  return (each) => Math.max(elsewhere(each, window, baseline, homes), lost && foreign.has(each) ? 1 : 0);
}
