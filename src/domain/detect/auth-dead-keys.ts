import type { Activity, SubjectKey, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { isKnown } from './novelty.js';

const dayMs = 86_400_000;
/** Clocks of gateways differ, and caches outlive a key by seconds. */
const toleranceMs = 60_000;

/** Uses of keys that were dead, the hour before and the window together. */
export interface DeadUse {
  readonly key: SubjectKey;
  readonly diedAt: number;
  /** In the window. */
  readonly now: readonly Activity[];
  /** In the hour before it and in it. */
  readonly all: readonly Activity[];
}

/** One for each dead key that was used in the window. */
export function deadUses(window: Window): readonly DeadUse[] {
  return window.subject.keys.flatMap((key) => {
    const { diedAt } = key;
    if (diedAt === null || diedAt >= window.until) return [];
    const after = (each: Activity) => each.keyId === key.keyId && each.firstAt >= diedAt + toleranceMs;
    const now = window.activity.filter(after);
    return now.length === 0 ? [] : { key, diedAt, now, all: [...window.before.filter(after), ...now] };
  });
}

/** A machine of ours that nobody gave the new key: it is known to the family, and the rotation was not a day ago. */
export function isUnmigrated(
  each: Activity,
  { key, diedAt }: DeadUse,
  window: Window,
  baseline: Baseline | null,
): boolean {
  if (key.diedAs !== 'replaced' || each.ip === null || each.ok > 0 || each.firstAt > diedAt + dayMs)
    return false;
  if (baseline !== null && isKnown(baseline.ips, each.ip)) return true;
  return [...window.before, ...window.activity].some((other) => other.ip === each.ip && other.ok > 0);
}
