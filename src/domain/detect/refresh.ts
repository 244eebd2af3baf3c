import { type Activity, noKnowledge, type Subject } from './activity.js';
import type { Baseline } from './baseline.js';
import type { Detector } from './detector.js';
import { type History, type HourTotals, historyFrom, newHistory } from './history.js';
import { makeBaseline } from './make-baseline.js';
import { dayMs, hourMs } from './profile.js';
import type { FamilyScores } from './scores.js';
import { addSighting } from './sightings.js';
import { familyWalk } from './walk.js';

/** Of families without a baseline, so much of the past is judged for the fleet's thresholds. */
const firstScoresMs = 7 * dayMs;

/** One family's new baseline under way. */
export interface Refresh {
  /** What it did by hour, before the activity of the same hours. */
  hours(totals: readonly HourTotals[]): void;
  /** Its activity since the old baseline and a day before it, in the order of time; without an old one that of four weeks. */
  push(activity: Activity): void;
  /** The new baseline, and what the old one would have said about the time between the two. */
  end(leftOut: ReadonlySet<number>): { readonly baseline: Baseline; readonly scores: FamilyScores };
}

/**
 * Goes on from a family's old baseline to the next one: volumes from the hours, which are exact whenever events came in, what was seen
 * from the activity since; on the way it is judged for the fleet's scores, as it was judged when it happened.
 * @param until the start of an hour
 */
export function refresh(
  subject: Subject,
  old: Baseline | null,
  { until, detectors }: { readonly until: number; readonly detectors: readonly Detector[] },
): Refresh {
  const history: History = old === null ? newHistory(subject.familyId) : historyFrom(old);
  const since = old?.until ?? until - firstScoresMs;
  const walk = familyWalk({
    ...{ subject, detectors, since, until, knowledge: noKnowledge, take: () => {} },
    ...(old === null ? {} : { baseline: old }),
  });
  return {
    hours(totals) {
      for (const each of totals) history.hours.set(each.hour, each);
    },
    push(activity) {
      walk.push(activity);
      addSighting(history.sightings, activity, old?.until);
      const hour = history.hours.get(activity.at - (activity.at % hourMs));
      if (hour !== undefined) hour.objects += activity.objects;
    },
    end(leftOut) {
      const scores = walk.end();
      const remembered = { leftOut, objectHours: old?.objectHours ?? [] };
      return { baseline: makeBaseline(history, until, remembered), scores };
    },
  };
}
