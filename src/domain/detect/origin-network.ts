import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { named } from './evidence.js';
import type { Candidate } from './finding.js';
import { networkOf } from './network.js';
import { isKnown, isLearned, isPublicClient, isRarelyNew, noveltyBits } from './novelty.js';
import { groupBy, tally } from './tally.js';

const weight = 0.15;

const about = {
  name: 'origin_network',
  family: 'origin',
  summary: 'accepted use from a network (/24, /48) that the key was never used from',
  rule: 'A /24 or /48 without accepted use in the history, for a family that finds new ones on less than 5 % of its days; bits as in origin_ip.',
  source: 'Good-Turing estimate (Good 1953); GuardDuty AnomalousBehavior (ASN and network factors)',
  budgeted: true,
} as const;

/** As `origin_ip`, one level up: bits = log10((N + |S|) / (N_new + 1)) over networks. */
export const originNetwork: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!isLearned(baseline) || isPublicClient(baseline) || !isRarelyNew(baseline, 'networks')) return [];
  return [...groupBy(window.activity, (each) => (each.ip === null ? null : networkOf(each.ip)))].flatMap(
    ([network, activity]) => {
      if (isKnown(baseline.networks, network)) return [];
      const { ok, requests, firstOkAt } = tally(activity);
      if (ok === 0) return [];
      return candidateOf(about, window, baseline, activity, {
        ...{ severity: 'low', weight, bits: noveltyBits(baseline, 'networks'), cause: network },
        ...{ observed: requests, expected: [0, 0] },
        ...(firstOkAt === null ? {} : { detectableAt: firstOkAt }),
        summary: `accepted from the network ${network}, never seen before`,
        factors: [{ what: 'network', value: network, usual: named(Object.keys(baseline.networks)) }],
        suggests: 'keyctl audit usage KEY --by ip',
        query: { network },
      });
    },
  );
}
