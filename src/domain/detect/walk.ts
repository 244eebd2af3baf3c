import type { Activity, Knowledge, Subject, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { type DailyBaselines, dailyBaselines } from './daily-baselines.js';
import type { Detector } from './detector.js';
import type { Candidate } from './finding.js';
import { addToHours, forgetHours, type HourTotals } from './history.js';
import { onsets } from './onset.js';
import { dayMs, hourMs } from './profile.js';
import { hearsQuiet, isQuiet } from './quiet.js';
import { type FamilyScores, familyScores } from './scores.js';

/** How often detectors are asked: somebody's `audit anomalies` runs so often. */
export const tickMs = 300_000;
const momentMs = 2 * tickMs;
/** Below so many bits no threshold ever is. */
const leastBits = 1;

/** A candidate with the moments at which so much could be said of it, oldest first. */
export interface Scored {
  readonly candidate: Candidate;
  readonly curve: readonly { readonly at: number; readonly bits: number | null }[];
  readonly stratum: number;
}

export interface WalkPlan {
  readonly subject: Subject;
  /** The span that is judged; what is pushed from before it is history. */
  readonly since: number;
  /** From where on scores are kept for the fleet's thresholds; default: `since`. */
  readonly scoresSince?: number;
  readonly until: number;
  readonly detectors: readonly Detector[];
  readonly knowledge: Knowledge;
  /** What is usual, for all of the span. Left out: made at each UTC midnight from what was pushed before it. */
  readonly baseline?: Baseline | null;
  /** Its last request before everything that is pushed. */
  readonly lastAt?: number;
  readonly take: (scored: Scored) => void;
}

export interface FamilyWalk {
  /** The family's activity, in the order of time. */
  push(activity: Activity): void;
  /** The log ends; answers the highest scores of each day. */
  end(): FamilyScores;
}

/**
 * Goes through a family's activity as if it were happening: every five minutes the `moment` detectors are asked about the last ten,
 * every hour the `hour` detectors about that hour, with what was usual before. Holds two hours of activity and two days of it for the
 * next baseline, whatever the length of the log.
 */
export function familyWalk(plan: WalkPlan): FamilyWalk {
  const baselines =
    plan.baseline === undefined ? dailyBaselines(plan.subject.familyId) : fixed(plan.baseline);
  const asking = asker(plan, baselines);
  const first = plan.scoresSince ?? plan.since;
  let next = first - (first % tickMs) + tickMs;

  /** Asks about everything that ended by `to`. */
  const advance = (to: number): void => {
    for (; next <= to; next += tickMs) {
      if (next - asking.lastAt() > dayMs + hourMs) {
        // Nothing happened for a day: nobody asks until something does.
        next = to - (to % tickMs) + tickMs;
        return;
      }
      asking.ask(next);
    }
  };
  return {
    push(activity) {
      if (activity.at >= plan.until) return;
      advance(activity.at);
      asking.remember(activity);
      baselines.push(activity);
    },
    end() {
      advance(plan.until);
      if (plan.until % tickMs !== 0) asking.ask(plan.until);
      return asking.scores.end();
    },
  };
}

function fixed(baseline: Baseline | null): DailyBaselines {
  return { push: () => {}, at: () => baseline, suspect: () => {} };
}

/** The unknown addresses of a grave rule; scores are held against the fleet first, which happens later. */
function suspectsOf({ bits, severity, evidence }: Candidate): readonly string[] {
  if (bits !== null || (severity !== 'high' && severity !== 'critical')) return [];
  return evidence.topIps.flatMap(({ value, isNew }) => (isNew ? [value] : []));
}

/** The last two hours of a family, and who is asked about them. */
function asker(plan: WalkPlan, baselines: DailyBaselines) {
  const hours = new Map<number, HourTotals>();
  const isNews = onsets(({ detector, ip, cause }) => JSON.stringify([detector, ip, cause]), 1);
  const scores = familyScores(plan);
  const moment = plan.detectors.filter(({ span }) => span === 'moment');
  const always = moment.filter(hearsQuiet);
  const hour = plan.detectors.filter(({ span }) => span === 'hour');
  let recent: Activity[] = [];
  let lastAt = plan.lastAt ?? Number.NEGATIVE_INFINITY;

  const windowOf = (from: number, until: number): Window => ({
    ...{ subject: plan.subject, knowledge: plan.knowledge, from, until },
    activity: between(recent, from, until),
    before: between(recent, from - hourMs, from),
    hoursBefore: [...hours.values()].filter((each) => each.hour < from && each.hour >= from - dayMs),
  });
  const judge = (detectors: readonly Detector[], window: Window): void => {
    const baseline = baselines.at(window.from);
    const stratum = scores.see(window.from, baseline);
    for (const detector of detectors)
      for (const candidate of detector.detect(window, baseline)) {
        scores.add(detector, candidate);
        baselines.suspect(suspectsOf(candidate), window.until);
        if (window.until <= plan.since || (candidate.bits ?? leastBits) < leastBits) continue;
        if (!isNews(candidate, window.until)) continue;
        plan.take({ candidate, stratum, curve: curveOf(detector, window, { baseline, candidate }) });
      }
  };
  const askMoment = (until: number): void => {
    const from = until - momentMs;
    const baseline = baselines.at(from);
    const quiet = isQuiet(
      between(recent, from, until),
      { subject: plan.subject, knowledge: plan.knowledge, until },
      baseline,
    );
    if (quiet && always.length === 0) scores.see(from, baseline);
    else judge(quiet ? always : moment, windowOf(from, until));
  };
  const askHour = (at: number): void => {
    const window = windowOf(at - (at % hourMs || hourMs), at);
    if (window.activity.length > 0 || at - lastAt <= dayMs) judge(hour, window);
  };
  return {
    scores,
    lastAt: () => lastAt,
    ask(at: number): void {
      if (lastAt >= at - tickMs) askMoment(at);
      if (at % hourMs !== 0 && at !== plan.until) return;
      askHour(at);
      recent = recent.filter((each) => each.at >= at - 2 * hourMs);
      forgetHours(hours, at - dayMs - hourMs);
    },
    remember(activity: Activity): void {
      recent.push(activity);
      addToHours(hours, activity);
      if (activity.at < plan.since && recent.length > 1000) {
        recent = recent.filter(({ at }) => at >= activity.at - 2 * hourMs);
        forgetHours(hours, activity.at - 2 * dayMs);
      }
      lastAt = Math.max(lastAt, activity.at);
    },
  };
}

/** Of activity in the order of time, what begins in this span. */
function between(activity: readonly Activity[], from: number, until: number): readonly Activity[] {
  let end = activity.length;
  while (end > 0 && (activity[end - 1]?.at ?? 0) >= until) end -= 1;
  let start = end;
  while (start > 0 && (activity[start - 1]?.at ?? 0) >= from) start -= 1;
  return activity.slice(start, end);
}

/** When the candidate could first be said, and when it grew: the detector is asked again about each beginning of an hour. */
function curveOf(
  detector: Detector,
  window: Window,
  { baseline, candidate }: { readonly baseline: Baseline | null; readonly candidate: Candidate },
): Scored['curve'] {
  const curve: { at: number; bits: number | null }[] = [];
  const note = (said: Candidate, until: number): void => {
    const last = curve.at(-1);
    if (last !== undefined && (said.bits ?? 0) <= (last.bits ?? 0)) return;
    curve.push({ at: Math.min(until, Math.max(said.detectableAt, until - tickMs)), bits: said.bits });
  };
  if (detector.span === 'hour')
    for (let until = window.from + tickMs; until < window.until; until += tickMs) {
      const begun = { ...window, until, activity: window.activity.filter(({ at }) => at < until) };
      const said = begun.activity.length === 0 ? [] : detector.detect(begun, baseline);
      for (const each of said) if (isSame(each, candidate)) note(each, until);
    }
  note(candidate, window.until);
  return curve;
}

function isSame(one: Candidate, other: Candidate): boolean {
  return one.cause === other.cause && one.ip === other.ip;
}
