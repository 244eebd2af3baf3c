import type { Subject, SubjectKey } from '../../domain/detect/activity.js';
import type { Thresholds } from '../../domain/detect/calibration.js';
import { dayMs } from '../../domain/detect/profile.js';
import type { Raised } from '../../domain/detect/raised.js';
import { detectors } from '../../domain/detect/registry.js';

/** What the detectors said about a span of time. */
export interface Judged {
  /** In the order in which somebody would have been told. */
  readonly raised: readonly Raised[];
  /** Newest event of the log; null: there is none. */
  readonly asOf: string | null;
  readonly since: string;
  readonly until: string;
  /** Families that were judged. */
  readonly families: number;
  /** Why thresholds are only a guess; null: they come from the fleet. */
  readonly conservative: string | null;
  /** Alerts a day that the thresholds were made for. */
  readonly alertBudgetPerDay: number;
}

/** Why the threshold of volume was a guess at a moment; null: it was none. */
export function guessAt(fleet: Thresholds, moment: number): string | null {
  const asked = detectors.filter(({ budgeted }) => budgeted);
  for (const detector of asked) {
    const { conservative } = fleet.of(detector, Math.floor(moment / dayMs), 0);
    if (conservative !== null) return conservative;
  }
  return null;
}

export function isoOf(moment: number): string {
  return new Date(moment).toISOString();
}

/** All keys of some families, by id. */
export function keysOf(subjects: ReadonlyMap<string, Subject>): ReadonlyMap<string, SubjectKey> {
  return new Map([...subjects.values()].flatMap(({ keys }) => keys.map((key) => [key.keyId, key])));
}
