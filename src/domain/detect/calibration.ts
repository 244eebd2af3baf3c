import { allotted } from './allotment.js';
import type { Detector } from './detector.js';
import type { DetectorFamily } from './finding.js';
import type { FleetScores, ScoreBin } from './fleet-scores.js';

/** Of the alerts that somebody wants in a day, how many each kind of detector may use (DETECTORS 3.9); rules are beside it. */
const shares: Readonly<Record<DetectorFamily, number>> = {
  volume: 0.4,
  origin: 0.25,
  content: 0.25,
  time: 0.1,
  auth: 0.1,
  lifecycle: 0.1,
};
/** So many scores above it make a quantile; with fewer it is extrapolated. */
const leastExceedances = 20;
const tailShare = 0.02;
/** Fewer days and scores say nothing about rare ones. */
const leastDays = 7;
const leastScores = 200;
/** What a tail probability of a model is worth without a fleet: no parametric tail keeps its promise (DETECTORS 1). */
const conservativeFactor: Readonly<Record<DetectorFamily, number>> = {
  volume: 3,
  origin: 1,
  content: 2,
  time: 1,
  auth: 1,
  lifecycle: 1,
};
/**
 * So much of the budget is given away: tomorrow's fleet is not yesterday's. Measured with 1,000 keys of real shapes: all of it gave
 * 5.7 alarms a day where 5 were asked for.
 */
const caution = 0.8;
const historyDays = 28;
/** Scores below it say nothing at all. */
const leastTenthBits = 15;
const alertsPerKey = 5 / 1000;

/** Alerts a day when nobody said: 5 for 1,000 keys, but one in five days at least. */
export function usualAlertBudget(keys: number): number {
  return Math.max(0.2, keys * alertsPerKey);
}

/** From how many bits on a detector's score is told. */
interface Threshold {
  readonly bits: number;
  /** What -log10 of its share of the fleet is; null: too little history to say. */
  calibrated(bits: number): number | null;
  /** Why it is a guess; null: it comes from the fleet. */
  readonly conservative: string | null;
}

export interface Thresholds {
  /** By the scores of the 28 days before this one, nothing later. */
  of(detector: Detector, day: number, stratum: number): Threshold;
}

/**
 * Thresholds by an alert budget (DETECTORS 3.1, 3.9): the quantile of the fleet's own scores, one a family and day, that so many exceed
 * as alerts are wanted; by how busy families are where enough of them are. Detectors share the budget by kind, and what one of them does
 * not need the others get.
 */
export function thresholds(
  fleet: FleetScores,
  wanted: { readonly alertBudgetPerDay: number; readonly detectors: readonly Detector[] },
): Thresholds {
  const byDetector = new Map<string, ScoreBin[]>();
  for (const bin of fleet.bins.values()) {
    const bins = byDetector.get(bin.detector) ?? [];
    if (bins.length === 0) byDetector.set(bin.detector, bins);
    bins.push(bin);
  }
  const before = (name: string, day: number) =>
    (byDetector.get(name) ?? []).filter((bin) => bin.day < day && bin.day >= day - historyDays);
  const budgeted = wanted.detectors.filter((each) => each.budgeted);
  const alertsOn = remembered((day: number) =>
    allotted(
      budgeted.map(({ name, family }) => {
        const siblings = budgeted.filter((each) => each.family === family).length;
        const alerts = (wanted.alertBudgetPerDay * caution * shares[family]) / siblings;
        return { name, alerts, most: highScoresPerDay(before(name, day)) };
      }),
    ),
  );
  const made = new Map<string, Threshold>();
  return {
    of(detector, day, stratum) {
      const name = JSON.stringify([detector.name, day, stratum]);
      const known = made.get(name);
      if (known !== undefined) return known;
      const alerts = alertsOn(day).get(detector.name) ?? 0;
      const threshold = thresholdOf(before(detector.name, day), { alerts, stratum, family: detector.family });
      made.set(name, threshold);
      return threshold;
    },
  };
}

/** Families a day that scored anything worth telling. */
function highScoresPerDay(bins: readonly ScoreBin[]): number {
  const days = new Set(bins.map(({ day }) => day)).size;
  const high = bins.reduce((sum, bin) => sum + (bin.tenthBits >= leastTenthBits ? bin.families : 0), 0);
  return days === 0 ? 0 : high / days;
}

function remembered<T>(make: (day: number) => T): (day: number) => T {
  const made = new Map<number, T>();
  return (day) => {
    const known = made.get(day) ?? make(day);
    made.set(day, known);
    return known;
  };
}

interface Asked {
  readonly alerts: number;
  readonly stratum: number;
  readonly family: DetectorFamily;
}

function thresholdOf(bins: readonly ScoreBin[], { alerts, stratum, family }: Asked): Threshold {
  const days = new Set(bins.map(({ day }) => day)).size;
  const all = pooled(bins);
  const share = days === 0 ? 0 : Math.min(0.5, (alerts * days) / Math.max(1, all.total));
  const mine = pooled(bins.filter((bin) => bin.stratum === stratum));
  // A stratum of its own once enough of its scores lie above.
  const pool = mine.total * share >= leastExceedances ? mine : all;
  if (days < leastDays || all.total < leastScores) return guessed({ alerts, family }, all, days);
  const bits = pool.total * share >= leastExceedances ? quantileOf(pool, share) : extrapolated(pool, share);
  return { bits, conservative: null, calibrated: (score) => -Math.log10(shareAbove(pool, score)) };
}

/** Without a fleet to ask: the model's own probability, taken with salt. */
function guessed({ alerts, family }: Omit<Asked, 'stratum'>, { total }: Pool, days: number): Threshold {
  const families = days === 0 ? 100 : Math.max(1, total / days);
  const nominal = -Math.log10(Math.min(0.5, alerts / families));
  const bits = Math.max(2, nominal) * conservativeFactor[family];
  const history = days === 1 ? '1 day' : `${days} days`;
  const conservative = `${history} of scores: too few to know which are rare`;
  return { bits, conservative, calibrated: () => null };
}

interface Pool {
  readonly total: number;
  /** [tenths of bits, families], the highest first. */
  readonly bins: readonly (readonly [tenthBits: number, families: number])[];
}

function pooled(bins: readonly ScoreBin[]): Pool {
  const counts = new Map<number, number>();
  let total = 0;
  for (const { tenthBits, families } of bins) {
    counts.set(tenthBits, (counts.get(tenthBits) ?? 0) + families);
    total += families;
  }
  return { total, bins: [...counts].toSorted((a, b) => b[0] - a[0]) };
}

/** The score that this share of all exceeds. */
function quantileOf({ total, bins }: Pool, share: number): number {
  let above = 0;
  for (const [tenthBits, families] of bins) {
    above += families;
    if (above >= total * share) return tenthBits / 10;
  }
  return 0;
}

/** How many of all score as much: one more on both sides, because the next one may be the highest. */
function shareAbove({ total, bins }: Pool, score: number): number {
  let above = 0;
  for (const [tenthBits, families] of bins) {
    if (tenthBits / 10 < score) break;
    above += families;
  }
  return (above + 1) / (total + 1);
}

/**
 * Beyond what was seen: a generalised Pareto tail fitted by moments to the top 2 % (Siffer et al., SPOT, 2017). Its shape is kept
 * between an exponential and one half, because so few points do not tell more.
 */
function extrapolated(pool: Pool, share: number): number {
  const tail = Math.max(tailShare, leastExceedances / pool.total);
  const from = quantileOf(pool, tail);
  const excesses: number[] = [];
  for (const [tenthBits, families] of pool.bins) {
    if (tenthBits / 10 <= from) break;
    for (let n = 0; n < families; n += 1) excesses.push(tenthBits / 10 - from);
  }
  if (excesses.length === 0) return from + 0.1;
  const mean = excesses.reduce((sum, each) => sum + each, 0) / excesses.length;
  const variance = excesses.reduce((sum, each) => sum + (each - mean) ** 2, 0) / excesses.length;
  const shape = Math.min(0.5, Math.max(0, 0.5 * (1 - mean ** 2 / Math.max(1e-9, variance))));
  const scale = mean * (1 - shape);
  const ratio = excesses.length / pool.total / share;
  if (ratio <= 1) return from;
  return from + (shape < 1e-6 ? scale * Math.log(ratio) : (scale / shape) * (ratio ** shape - 1));
}
