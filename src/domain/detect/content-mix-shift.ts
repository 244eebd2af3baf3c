import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { isLearned, isRarelyNew } from './novelty.js';
import { groupBy, tally } from './tally.js';

const leastRequests = 50;
/** Beyond it more requests do not make a shift more unlikely: they hang together. */
const mostIndependent = 200;
const leastDivergence = 0.1;
/** Dirichlet prior of each share. */
const prior = 0.5;
/** Endpoints that are told apart; all others are one. */
const mostEndpoints = 50;
const weight = 0.35;

const about = {
  name: 'mix_shift',
  family: 'content',
  summary: 'the shares of the endpoints are others than usual',
  rule: 'Jensen-Shannon divergence of an hour (50 requests or more) from the history, at least 0.1; bits = min(n, 200) times it, over log2(10).',
  source: 'Lin 1991 (Jensen-Shannon divergence); GuardDuty AnomalousBehavior',
  budgeted: true,
} as const;

/**
 * JSD = sum(p log2(p / m) + q log2(q / m)) / 2 with m = (p + q) / 2, over smoothed shares p of the hour and q of the history: shares are
 * (count + 0.5) / (sum + 0.5 k). By the theorem of Sanov n times a divergence is the exponent of such a sample's probability.
 */
export const mixShift: Detector = { ...about, span: 'hour', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!isLearned(baseline) || !isRarelyNew(baseline, 'endpoints')) return [];
  if (tally(window.activity).requests < leastRequests) return [];
  const activity = window.activity.filter((each) => each.endpoint !== null);
  const { requests } = tally(activity);
  const usual = Object.entries(baseline.endpoints)
    .map(([endpoint, sighting]): [string, number] => [endpoint, sighting.requests])
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, mostEndpoints);
  if (requests < leastRequests || usual.length === 0) return [];
  const counts = new Map(
    [...groupBy(activity, (each) => each.endpoint)].map(([endpoint, group]) => [
      endpoint,
      tally(group).requests,
    ]),
  );
  const divergence = jensenShannon(usual, counts, requests);
  if (divergence < leastDivergence) return [];
  const [top] = [...counts].toSorted((a, b) => b[1] - a[1]);
  const sum = usual.reduce((all, [, count]) => all + count, 0);
  const before = (usual.find(([endpoint]) => endpoint === top?.[0])?.[1] ?? 0) / sum;
  return [
    candidateOf(about, window, baseline, activity, {
      ...{ severity: 'medium', weight, cause: 'endpoints' },
      bits: (Math.min(requests, mostIndependent) * divergence) / Math.log2(10),
      ...{ observed: Math.round(divergence * 1000) / 1000, expected: [0, null] },
      summary: 'uses its endpoints in other shares than usual',
      factors: [
        {
          what: 'endpoint',
          value: `${top?.[0] ?? ''} ${percent((top?.[1] ?? 0) / requests)}`,
          usual: percent(before),
        },
      ],
      suggests: 'keyctl audit endpoints KEY',
      query: {
        endpoints: usual.map(([endpoint]) => endpoint),
        requests: usual.map(([, count]) => String(count)),
      },
    }),
  ];
}

function jensenShannon(
  usual: readonly (readonly [string, number])[],
  counts: ReadonlyMap<string, number>,
  requests: number,
): number {
  const sum = usual.reduce((all, [, count]) => all + count, 0);
  const named = usual.map(([endpoint, before]) => ({ before, now: counts.get(endpoint) ?? 0 }));
  const rest = { before: 0, now: requests - named.reduce((all, { now }) => all + now, 0) };
  const all = [...named, rest];
  return all.reduce((divergence, { before, now }) => {
    const p = (now + prior) / (requests + prior * all.length);
    const q = (before + prior) / (sum + prior * all.length);
    const m = (p + q) / 2;
    return divergence + (p * Math.log2(p / m) + q * Math.log2(q / m)) / 2;
  }, 0);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
