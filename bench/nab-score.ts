/**
 * The Numenta benchmark's score of a detector (Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", 2015; NAB's
 * scoring code, sigmoid and normalisation as published).
 */

export interface Profile {
  readonly name: 'standard' | 'reward_low_FP_rate' | 'reward_low_FN_rate';
  readonly truePositive: number;
  readonly falseNegative: number;
  readonly falsePositive: number;
}

export const profiles: readonly Profile[] = [
  { name: 'standard', truePositive: 1, falseNegative: 1, falsePositive: 0.11 },
  { name: 'reward_low_FP_rate', truePositive: 1, falseNegative: 1, falsePositive: 0.22 },
  { name: 'reward_low_FN_rate', truePositive: 1, falseNegative: 2, falsePositive: 0.11 },
];

/** A series as a detector scored it: places of the first and the last point of each window, both in it. */
export interface Scored {
  /** 0 to 1 of each point, in the order of time. */
  readonly scores: ArrayLike<number>;
  readonly windows: readonly (readonly [first: number, last: number])[];
}

/** Of the first 15 % of a series (750 points at most) a detector only learns: nothing there counts. */
export function probation(points: number): number {
  return Math.min(Math.floor(0.15 * points), 0.15 * 5000);
}

function sigmoid(x: number): number {
  return 2 / (1 + Math.exp(5 * x)) - 1;
}

/** 1 at the start of a window, 0 at its end, down to -1 far behind it; relative to the window's width. */
function worthAt(position: number): number {
  return position > 3 ? -1 : sigmoid(position);
}

/** A point from which on its worth counts when the threshold is at or below its score. */
interface Step {
  readonly score: number;
  readonly place: number;
  /** Of which window; null: a false positive. */
  readonly window: number | null;
  /** Unweighted: 0 to 1 in a window, -1 to 0 outside. */
  readonly worth: number;
}

/** All points that count, with what each would be worth as a detection. */
function stepsOf({ scores, windows }: Scored): readonly Step[] {
  const from = probation(scores.length);
  const steps: Step[] = [];
  let behind = -1;
  Array.from(scores).forEach((score, place) => {
    while ((windows[behind + 1]?.[1] ?? Number.POSITIVE_INFINITY) < place) behind += 1;
    // What scores nothing is never a detection.
    if (place < from || score <= 0) return;
    const inside = windows[behind + 1];
    if (inside !== undefined && place >= inside[0]) {
      const width = inside[1] - inside[0] + 1;
      const position = -(inside[1] - place + 1) / width;
      steps.push({ score, place, window: behind + 1, worth: sigmoid(position) / sigmoid(-1) });
      return;
    }
    const last = windows[behind];
    const width = last === undefined ? 1 : last[1] - last[0];
    const position = last === undefined ? Number.POSITIVE_INFINITY : (place - last[1]) / Math.max(1, width);
    steps.push({ score, place, window: null, worth: worthAt(position) });
  });
  return steps;
}

/** Those that do not end within the probation. */
function windowsThatCount({ scores, windows }: Scored): number {
  return windows.filter(([, last]) => last >= probation(scores.length)).length;
}

export interface ProfileScore {
  readonly profile: Profile;
  /** 0: a detector that never says anything; 100: a perfect one. */
  readonly score: number;
  /** The one for all series, at which the score is highest. */
  readonly threshold: number;
}

/** The score over all series with the one threshold that suits best, or the one that is given. */
export function nabScore(all: readonly Scored[], profile: Profile, threshold?: number): ProfileScore {
  const steps = all.flatMap((scored, series) => stepsOf(scored).map((step) => ({ ...step, series })));
  const windows = all.reduce((sum, scored) => sum + windowsThatCount(scored), 0);
  const none = -profile.falseNegative * windows;
  const perfect = profile.truePositive * windows;
  const best = new Map<string, number>();
  let raw = none;
  let highest = { raw: none, threshold: Number.POSITIVE_INFINITY };
  const falling = steps.toSorted((a, b) => b.score - a.score);
  falling.forEach((step, index) => {
    if (threshold !== undefined && step.score < threshold) return;
    if (step.window === null) raw += profile.falsePositive * step.worth;
    else {
      // Of several detections in a window the earliest counts, which is worth most.
      const name = `${step.series}/${step.window}`;
      const known = best.get(name);
      const worth = profile.truePositive * step.worth;
      if (known === undefined) raw += profile.falseNegative + worth;
      else if (worth > known) raw += worth - known;
      best.set(name, Math.max(known ?? 0, worth));
    }
    const isLast = falling[index + 1]?.score !== step.score;
    if (isLast && raw > highest.raw) highest = { raw, threshold: step.score };
  });
  const chosen = threshold === undefined ? highest : { raw, threshold };
  return { profile, score: (100 * (chosen.raw - none)) / (perfect - none), threshold: chosen.threshold };
}
