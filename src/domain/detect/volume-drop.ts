import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { hourMs, slotOf } from './profile.js';
import { hasHistory } from './volume-hour.js';

const hours = 3;
const share = 0.1;
const leastExpected = 30;
/** Who falls silent for as long now and then is not missed. */
const sureHistoryDays = 14;
const weight = 0.2;

const about = {
  name: 'volume_drop',
  family: 'volume',
  summary: 'hardly any requests for three hours in which there always are some',
  rule: 'Each of 3 hours in a row at most a tenth of what it expects, 30 requests expected in all, and never in the history so long without a request.',
  source: 'measured: drops do not calibrate over a fleet, so the rule is of the key itself',
  budgeted: false,
} as const;

/** A rule: x(h) <= mu(h) / 10 for three hours in a row with sum(mu) >= 30, and the longest gap of the history is shorter than that. */
export const volumeDrop: Detector = { ...about, span: 'hour', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!hasHistory(baseline) || baseline.historyDays < sureHistoryDays) return [];
  if (window.until - window.from < hourMs || baseline.longestGapHours >= hours) return [];
  const from = window.from - (hours - 1) * hourMs;
  const { expected, low, high, trend } = baseline.profiles.requests;
  const sums = { seen: 0, mean: 0, low: 0, high: 0 };
  for (let hour = from; hour <= window.from; hour += hourMs) {
    const slot = slotOf(hour);
    const mean = (expected[slot] ?? 0) * trend;
    const seen = requestsOf(window, hour);
    if (seen > mean * share || (low[slot] ?? 0) <= seen) return [];
    sums.seen += seen;
    sums.mean += mean;
    sums.low += low[slot] ?? 0;
    sums.high += high[slot] ?? 0;
  }
  if (sums.mean < leastExpected) return [];
  const newest = window.subject.keys.at(-1);
  // Somebody ended it: silence is what was wanted.
  if (newest === undefined || (newest.diedAt !== null && newest.diedAt <= window.until)) return [];
  const low3 = Math.round(sums.low);
  return [
    candidateOf(about, window, baseline, window.activity, {
      ...{ severity: 'low', weight, bits: null, cause: 'silence', keyId: newest.keyId },
      ...{ observed: sums.seen, expected: [sums.low, sums.high] },
      ...{ onsetAt: from, windowStart: from, windowEnd: window.until, detectableAt: window.until },
      summary: `${sums.seen} requests in three hours, usually ${low3} or more`,
      factors: [
        { what: 'requests in 3 hours', value: String(sums.seen), usual: `${Math.round(sums.mean)} expected` },
      ],
      suggests: 'keyctl keys explain KEY',
      query: { leftOut: baseline.leftOutHours.map((hour) => new Date(hour).toISOString()) },
    }),
  ];
}

function requestsOf(window: Window, hour: number): number {
  if (hour === window.from) return window.activity.reduce((sum, { requests }) => sum + requests, 0);
  return window.hoursBefore?.find((each) => each.hour === hour)?.requests ?? 0;
}
