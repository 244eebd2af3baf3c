import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { isLearned } from './novelty.js';
import { tally } from './tally.js';

const leastRequests = 50;
const leastErrors = 20;
const leastShare = 0.1;
const timesUsual = 5;
/** Errors come in runs; four of a run count as one. */
const runLength = 4;
const weight = 0.2;

const about = {
  name: 'error_rate',
  family: 'content',
  summary: 'far more requests fail than usual',
  rule: 'In an hour at least 50 requests, 20 of them answered 400 or more, 10 % and 5 times the usual share; bits = n KL(share, usual) / (4 ln 10).',
  source: 'Elastic "spike in errors"; Chernoff bound of a binomial tail (Hoeffding 1963)',
  budgeted: true,
} as const;

/** bits = n (s ln(s/u) + (1-s) ln((1-s)/(1-u))) / (4 ln 10), s the share of errors in the hour, u the usual one, smoothed. */
export const errorRate: Detector = { ...about, span: 'hour', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!isLearned(baseline)) return [];
  const { requests, ok } = tally(window.activity);
  const errors = requests - ok;
  const share = errors / requests;
  const usual = (baseline.requests - baseline.okRequests + 1) / (baseline.requests + 2);
  if (requests < leastRequests || errors < leastErrors) return [];
  if (share < Math.max(leastShare, timesUsual * usual)) return [];
  const wrong = window.activity.filter((each) => each.requests > each.ok);
  return [
    candidateOf(about, window, baseline, wrong, {
      ...{ severity: 'low', weight, bits: (requests * divergence(share, usual)) / (runLength * Math.LN10) },
      ...{ cause: 'errors', observed: errors, expected: [0, Math.ceil(usual * requests)] },
      summary: `${Math.round(share * 100)} % of ${requests} requests failed, usually ${(usual * 100).toFixed(1)} %`,
      factors: [{ what: 'share of errors', value: share.toFixed(3), usual: usual.toFixed(3) }],
      suggests: 'keyctl audit usage KEY --by status',
      query: { usual },
    }),
  ];
}

function divergence(share: number, usual: number): number {
  const rest = share < 1 ? (1 - share) * Math.log((1 - share) / (1 - usual)) : 0;
  return share * Math.log(share / usual) + rest;
}
