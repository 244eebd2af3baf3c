import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { noveltyOf } from './novelty.js';
import { dayMs, hourMs } from './profile.js';
import { tally } from './tally.js';

const leastDays = 30;
/** A key that slept so before has a reason to: a quarterly job. */
const timesLongestGap = 1.5;
const weight = 0.35;
const newOriginWeight = 0.6;

const about = {
  name: 'dormant_wake',
  family: 'lifecycle',
  summary: 'used again after a month or more of silence',
  rule: 'First accepted use after 30 days, and 1.5 times its longest pause while it was in use: low from a known network, high from a new one.',
  source: 'AWS access analyzer (unused access); Entra dormant account',
  budgeted: false,
} as const;

/** A rule: gap = first accepted request - last request before. */
export const dormantWake: Detector = { ...about, span: 'moment', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  const lastAt = baseline?.lastAt ?? null;
  // A decoy's use is told as what it is.
  if (window.subject.keys.some((key) => key.decoy)) return [];
  if (baseline === null || lastAt === null || window.before.length > 0) return [];
  const accepted = window.activity.filter(({ ok }) => ok > 0);
  const { firstAt } = tally(window.activity);
  const gap = firstAt - lastAt;
  const days = Math.floor(gap / dayMs);
  if (accepted.length === 0 || days < leastDays) return [];
  if (gap < timesLongestGap * baseline.longestGapHours * hourMs) return [];
  const foreign = accepted.some((each) => noveltyOf(each, baseline).network);
  return [
    candidateOf(about, window, baseline, accepted, {
      ...{ severity: foreign ? 'high' : 'low', weight: foreign ? newOriginWeight : weight, bits: null },
      ...{ cause: 'dormant', observed: days, expected: [0, leastDays - 1] },
      ...{ onsetAt: firstAt, detectableAt: tally(accepted).firstOkAt ?? firstAt },
      summary: `used again after ${days} days${foreign ? ', from a new network' : ''}`,
      factors: [
        { what: 'silence', value: `${days} days`, usual: `at most ${baseline.longestGapHours} hours` },
      ],
      suggests: 'keyctl keys show KEY',
    }),
  ];
}
