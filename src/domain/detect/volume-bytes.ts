import type { Detector } from './detector.js';
import { gammaTailBits } from './tail.js';
import { volumeOf } from './volume-hour.js';

const leastBytes = 1_000_000;

const about = {
  name: 'volume_bytes',
  family: 'volume',
  summary: 'more bytes answered in an hour than usual at this time',
  rule: 'Bytes of an hour above the 95 % of its slot and 1 MB more than expected; bits of a gamma tail, one more above 1.05 times the most of four weeks.',
  source: 'as volume_requests, on bytes; Snowflake data volume; Splunk "S3 exfiltration"',
  budgeted: true,
} as const;

/**
 * bits = -log10 P(B >= b), B gamma with mean mu = expected(slot) * trend and variance u mu + dispersion mu^2, u the bytes of a mean request:
 * what the negative binomial is to counts.
 */
export const volumeBytes: Detector = {
  ...about,
  span: 'hour',
  detect: (window, baseline) =>
    volumeOf(
      about,
      {
        metric: 'bytes',
        of: ({ bytes }) => bytes,
        profileOf: ({ profiles }) => profiles.bytes,
        support: () => leastBytes,
        bits: (bytes, mean, { dispersion, unit }) =>
          gammaTailBits(bytes / mean, 1 / (unit / mean + dispersion)),
        shown: (bytes) => `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`,
      },
      window,
      baseline,
    ),
};
