import type { Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { candidateOf } from './candidate.js';
import type { Detector } from './detector.js';
import { counted } from './evidence.js';
import type { Candidate } from './finding.js';
import { isLearned } from './novelty.js';
import { slotOf } from './profile.js';
import { gammaTailBits } from './tail.js';
import { reachedAt, tally } from './tally.js';

/** Of the highest usual hour of its slot, and no less than what one would carry away. */
const timesHigh = 3;
const leastBytes = 10_000_000;
const weight = 0.7;

const about = {
  name: 'exfil',
  family: 'content',
  summary: 'far more data than usual, in more or larger pieces than the key ever asked for',
  rule: 'Bytes of an hour above 3 times its usual 95 % and 10 MB, and distinct objects or bytes per request above the 99 % of its active hours.',
  source: 'Splunk "S3 exfiltration"; Snowflake data volume; volume as in volume_bytes',
  budgeted: true,
} as const;

/** bits = -log10 of a gamma tail of mean mu (slot, trend) and variance dispersion * mu^2 at the bytes of the hour; only where pieces are unusual too. */
export const exfil: Detector = { ...about, span: 'hour', detect };

function detect(window: Window, baseline: Baseline | null): readonly Candidate[] {
  if (!isLearned(baseline)) return [];
  const slot = slotOf(window.from);
  const { bytes: profile } = baseline.profiles;
  const [low, high] = [profile.low[slot] ?? 0, profile.high[slot] ?? 0];
  const { bytes, objects, requests } = tally(window.activity);
  const each = bytes / Math.max(1, requests);
  const limit = Math.max(leastBytes, timesHigh * high);
  const manyObjects = objects > baseline.objectsHigh;
  const largePieces = each > baseline.bytesPerRequestHigh;
  if (bytes < limit || bytes <= profile.max || !(manyObjects || largePieces)) return [];
  const mean = Math.max(1, (profile.expected[slot] ?? 0) * profile.trend);
  return [
    candidateOf(about, window, baseline, window.activity, {
      ...{
        severity: 'high',
        weight,
        bits: gammaTailBits(bytes / mean, 1 / (profile.unit / mean + profile.dispersion)),
      },
      ...{ cause: 'bytes', observed: bytes, expected: [low, high] },
      onsetAt: biggestFirstAt(window),
      detectableAt: reachedAt(window.activity, (of) => of.bytes, limit) ?? window.until,
      summary: `${megabytes(bytes)} in an hour${manyObjects ? `, ${counted(objects, 'object')}` : ''}, usually at most ${megabytes(high)}`,
      factors: [
        ...(manyObjects
          ? [{ what: 'objects', value: String(objects), usual: String(baseline.objectsHigh) }]
          : []),
        ...(largePieces
          ? [
              {
                what: 'bytes per request',
                value: String(Math.round(each)),
                usual: String(Math.round(baseline.bytesPerRequestHigh)),
              },
            ]
          : []),
      ],
      suggests: 'keyctl audit exfil KEY',
      query: {
        ...{ metric: 'bytes', slotHour: slot % 24, weekend: slot >= 24 },
        leftOut: baseline.leftOutHours.map((hour) => new Date(hour).toISOString()),
      },
    }),
  ];
}

/** The first request of the address that carried most. */
function biggestFirstAt({ activity }: Window): number {
  const [biggest] = activity.toSorted((a, b) => b.bytes - a.bytes);
  return tally(activity.filter(({ ip }) => ip === biggest?.ip)).firstAt;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
