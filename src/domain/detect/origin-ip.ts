import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { isKnown, isLearned, isPublicClient, isRarelyNew, noveltyBits } from './novelty.js';
import { groupBy, tally } from './tally.js';

const weight = 0.15;

const about = {
  name: 'origin_ip',
  family: 'origin',
  summary: 'accepted use from an address that the key was never used from',
  rule: 'An address without accepted use in the history, for a family that finds new ones on less than 5 % of its days; bits = log10((N + |S|) / (N_new + 1)).',
  source: 'Good-Turing estimate (Good 1953); Okta "anomalous IP", Elastic new_terms',
  budgeted: true,
} as const;

/**
 * First accepted use from an address. bits = log10((N + |S|) / (N_new + 1)): N accepted requests, S the addresses known, N_new the
 * days that brought new ones. Weak by itself: hosts move.
 */
export const originIp: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!isLearned(baseline) || isPublicClient(baseline) || !isRarelyNew(baseline, 'ips')) return [];
  const known = Object.keys(baseline.ips).length;
  return [...groupBy(window.activity, (each) => each.ip)].flatMap(([ip, activity]) => {
    if (isKnown(baseline.ips, ip)) return [];
    const { ok, requests, firstOkAt } = tally(activity);
    if (ok === 0) return [];
    return candidateOf(about, window, baseline, activity, {
      ...{ severity: 'low', weight, bits: noveltyBits(baseline, 'ips'), cause: ip, ip },
      ...{ observed: requests, expected: [0, 0] },
      ...(firstOkAt === null ? {} : { detectableAt: firstOkAt }),
      summary: `accepted from ${ip}, never seen before`,
      factors: [{ what: 'address', value: ip, usual: `${known} known` }],
      suggests: 'keyctl audit usage KEY --by ip',
    });
  });
}
