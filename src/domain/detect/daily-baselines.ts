import type { Activity } from './activity.js';
import type { Baseline } from './baseline.js';
import { addActivity, addToHours, newHistory } from './history.js';
import { makeBaseline } from './make-baseline.js';
import { dayMs, hourMs } from './profile.js';

/** So long somebody has time to say that it was right; then it is learned like everything else. */
const quarantineMs = 7 * dayMs;
const mostSuspects = 200;

/** What was usual at a moment. */
export interface DailyBaselines {
  /** The family's activity, in the order of time. */
  push(activity: Activity): void;
  /** As it was at the last UTC midnight; null: nothing was known yet. Asked in the order of time. */
  at(moment: number): Baseline | null;
  /** Whoever was named by a grave finding at a moment must not become usual by going on. */
  suspect(ips: readonly string[], moment: number): void;
}

/**
 * Baselines as a nightly run would have made them: at each midnight, from what was before it. Activity waits outside of the history
 * until a midnight after it is asked for, so that nothing later can be in there.
 */
export function dailyBaselines(familyId: string): DailyBaselines {
  const history = newHistory(familyId);
  const suspects = new Map<string, number>();
  let waiting: Activity[] = [];
  let made: { readonly midnight: number; readonly baseline: Baseline | null } | null = null;

  const settle = (before: number): void => {
    const rest = waiting.findIndex(({ at }) => at >= before);
    const settled = rest === -1 ? waiting : waiting.slice(0, rest);
    if (settled.length === 0) return;
    for (const activity of settled) {
      const { ip, at } = activity;
      // What was in use counts in any case: else the volume of a host that moved would be news every day.
      if (ip !== null && at < (suspects.get(ip) ?? 0)) addToHours(history.hours, activity);
      else addActivity(history, activity);
    }
    waiting = rest === -1 ? [] : waiting.slice(rest);
  };
  return {
    push(activity) {
      // Windows begin at most an hour and a few minutes before what comes next.
      const oldest = waiting[0];
      const midnight = midnightBefore(activity.at - 2 * hourMs);
      if (oldest !== undefined && oldest.at < midnight) settle(midnight);
      waiting.push(activity);
    },
    at(moment) {
      const midnight = midnightBefore(moment);
      if (made?.midnight === midnight) return made.baseline;
      settle(midnight);
      const baseline =
        history.hours.size === 0
          ? null
          : { ...makeBaseline(history, midnight), suspects: [...suspects.keys()] };
      made = { midnight, baseline };
      return baseline;
    },
    suspect(ips, moment) {
      for (const ip of ips)
        if (!suspects.has(ip) && suspects.size < mostSuspects) suspects.set(ip, moment + quarantineMs);
    },
  };
}

function midnightBefore(at: number): number {
  return Math.floor(at / dayMs) * dayMs;
}
