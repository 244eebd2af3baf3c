import type { Thresholds } from './calibration.js';
import type { Detector } from './detector.js';
import { onsets, storyOf } from './onset.js';
import { dayMs } from './profile.js';
import type { Raised } from './raised.js';
import type { Scored } from './walk.js';

/** Below so many bits nothing is told, however quiet the fleet is. */
const leastBits = 1.5;

/**
 * What of all candidates is told: those above the threshold of their day, and rules; of each story the onset. In the order in which
 * somebody is told.
 */
export function raise(
  scored: readonly Scored[],
  fleet: Thresholds,
  detectors: readonly Detector[],
): readonly Raised[] {
  const byName = new Map(detectors.map((detector) => [detector.name, detector]));
  const isNews = onsets(storyOf);
  return scored
    .flatMap((each) => passed(each, fleet, byName))
    .toSorted((a, b) => a.detectedAt - b.detectedAt || (a.detector < b.detector ? -1 : 1))
    .filter((each) => isNews(each, each.detectedAt));
}

function passed(
  { candidate, curve, stratum }: Scored,
  fleet: Thresholds,
  byName: ReadonlyMap<string, Detector>,
): readonly Raised[] {
  const { bits } = candidate;
  const detector = byName.get(candidate.detector);
  if (bits === null || detector?.budgeted !== true)
    return [{ ...candidate, detectedAt: curve[0]?.at ?? candidate.detectableAt, calibratedBits: null }];
  const threshold = fleet.of(detector, Math.floor(candidate.windowStart / dayMs), stratum);
  const limit = Math.max(leastBits, threshold.bits);
  const first = curve.find((point) => (point.bits ?? 0) > limit);
  if (first === undefined) return [];
  return [{ ...candidate, detectedAt: first.at, calibratedBits: threshold.calibrated(bits) }];
}
