import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { named } from './evidence.js';
import type { Candidate } from './finding.js';
import { isKnown, isLearned, isRarelyNew, noveltyBits } from './novelty.js';
import { groupBy, tally } from './tally.js';

const weight = 0.25;

const about = {
  name: 'new_agent',
  family: 'origin',
  summary: 'accepted use by a program that never used the key',
  rule: 'A product name in the User-Agent without accepted use in the history (versions do not count); bits as in origin_ip.',
  source: 'Okta "anomalous device"; GuardDuty AnomalousBehavior (user agent factor)',
  budgeted: true,
} as const;

/** First accepted use by a product of the user agent: bits = log10((N + |S|) / (N_new + 1)) over products. */
export const newAgent: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!isLearned(baseline) || !isRarelyNew(baseline, 'agents')) return [];
  return [...groupBy(window.activity, (each) => each.agent)].flatMap(([agent, activity]) => {
    if (isKnown(baseline.agents, agent)) return [];
    const { ok, requests, firstOkAt } = tally(activity);
    if (ok === 0) return [];
    return candidateOf(about, window, baseline, activity, {
      ...{ severity: 'low', weight, bits: noveltyBits(baseline, 'agents'), cause: agent },
      ...{ observed: requests, expected: [0, 0] },
      ...(firstOkAt === null ? {} : { detectableAt: firstOkAt }),
      summary: `used by ${agent}, which never used it`,
      factors: [{ what: 'program', value: agent, usual: named(Object.keys(baseline.agents)) }],
      suggests: 'keyctl audit usage KEY --by agent',
      query: { agent },
    });
  });
}
