import type { Activity, Subject, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import type { Detector } from './detector.js';
import { noveltyOf } from './novelty.js';
import { dayMs } from './profile.js';
import { detectors } from './registry.js';
import { isScanner } from './scanner-names.js';
import { isUsualTime } from './time-off-hours.js';

/** Nobody calls a shorter pause dormant. */
const shortPauseMs = 7 * dayMs;

const ofMoments: ReadonlySet<Detector> = new Set(detectors.filter(({ span }) => span === 'moment'));

/** Whether a detector can say anything of a quiet moment: none of ours does, and others have to be asked. */
export function hearsQuiet(detector: Detector): boolean {
  return !ofMoments.has(detector);
}

/**
 * Whether all of a moment is as it always is: every request was answered, at a usual time, with a living key that is no decoy, and
 * from addresses, by programs and to endpoints that are known. Of nine moments in ten this is all that has to be asked; each
 * detector of moments needs at least one thing that is not so.
 */
export function isQuiet(
  activity: readonly Activity[],
  { subject, knowledge, until }: Pick<Window, 'subject' | 'knowledge' | 'until'>,
  baseline: Baseline | null,
): boolean {
  if (baseline === null || hasSpecialKey(subject, until)) return false;
  const { lastAt } = baseline;
  const woken = lastAt === null ? Number.NEGATIVE_INFINITY : lastAt + shortPauseMs;
  return activity.every(
    (each) =>
      each.firstAt < woken &&
      isAnswered(each) &&
      isKnownUse(each, baseline) &&
      isUsualTime(baseline, each.at) &&
      (each.ip === null || knowledge.listed(each.ip) === null),
  );
}

function hasSpecialKey({ keys }: Subject, until: number): boolean {
  return keys.some(({ decoy, diedAt }) => decoy || (diedAt !== null && diedAt < until));
}

function isAnswered({ requests, ok, unauthorized, forbidden, notFound }: Activity): boolean {
  return ok === requests && unauthorized + forbidden + notFound === 0;
}

function isKnownUse(each: Activity, baseline: Baseline): boolean {
  const { ip, network, agent, endpoint } = noveltyOf(each, baseline);
  return !(ip || network || agent || endpoint) && (each.agent === null || !isScanner(each.agent));
}
