import type { Detector } from './detector.js';
import { gammaTailBits } from './tail.js';
import { volumeOf } from './volume-hour.js';

const leastUsd = 1;

const about = {
  name: 'volume_cost',
  family: 'volume',
  summary: 'higher cost in an hour than usual at this time',
  rule: 'Cost of an hour above the 95 % of its slot and 1 USD more than expected; bits of a gamma tail, one more above 1.05 times the most of four weeks.',
  source: 'as volume_requests, on cost; Panther "abnormal token usage"; Elastic Bedrock',
  budgeted: true,
} as const;

/** bits = -log10 P(C >= c), C gamma as in `volume_bytes`, in USD. */
export const volumeCost: Detector = {
  ...about,
  span: 'hour',
  detect: (window, baseline) =>
    volumeOf(
      about,
      {
        metric: 'cost_usd',
        of: ({ costUsd }) => costUsd,
        profileOf: ({ profiles }) => profiles.costUsd,
        support: () => leastUsd,
        bits: (cost, mean, { dispersion, unit }) =>
          gammaTailBits(cost / mean, 1 / (unit / mean + dispersion)),
        shown: (cost) => `${cost.toFixed(2)} USD`,
      },
      window,
      baseline,
    ),
};
