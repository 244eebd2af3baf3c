import type { Detector } from './detector.js';
import { counted } from './evidence.js';
import { countTailBits } from './tail.js';
import { volumeOf } from './volume-hour.js';

const leastRequests = 5;

const about = {
  name: 'volume_requests',
  family: 'volume',
  summary: 'more requests in an hour than usual at this time',
  rule: 'Requests of an hour above the 95 % of its slot and 5 more than expected; bits of a negative binomial tail, one more above 1.05 times the most of four weeks.',
  source:
    'negative binomial by slot of the day and weekend; threshold from the fleet’s own scores (conformal prediction, Vovk 2005)',
  budgeted: true,
} as const;

/**
 * bits = -log10 P(N >= n), N negative binomial with mean mu = expected(slot) * trend and variance mu + dispersion mu^2. The exact tail, not
 * that of Wilson and Hilferty: it finds more small bursts on quiet keys, and TypeScript can afford it.
 */
export const volumeRequests: Detector = {
  ...about,
  span: 'hour',
  detect: (window, baseline) =>
    volumeOf(
      about,
      {
        metric: 'requests',
        of: ({ requests }) => requests,
        profileOf: ({ profiles }) => profiles.requests,
        support: () => leastRequests,
        bits: (count, mean, { dispersion }) => countTailBits(count, mean, dispersion),
        shown: (count) => counted(Math.round(count), 'request'),
      },
      window,
      baseline,
    ),
};
