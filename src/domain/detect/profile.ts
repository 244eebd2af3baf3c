import type { SlotProfile } from './baseline.js';
import { ascending, percentileCont } from './quantile.js';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
/** Each hour of a day, and again for Saturday and Sunday. Hours of a week would have four samples each (DETECTORS 3.1). */
export const slotCount = 48;
const recentHours = 72;
/** How much a slot's own median weighs against that of its neighbours: as much as so many samples. */
const priorSamples = 4;
const trimShare = 0.02;
const leastDispersion = 1e-4;
const mostDispersion = 8;
const tailRank = 2;
const dispersionFactor = 2;

/** Of 48: hour of the day, 24 more on Saturday and Sunday (UTC). */
export function slotOf(at: number): number {
  const hours = Math.floor(at / hourMs);
  // 1970-01-01 was a Thursday: days 2 and 3 of each seven are the weekend.
  const day = Math.floor(hours / 24) % 7;
  return (hours % 24) + (day === 2 || day === 3 ? 24 : 0);
}

/** One quantity by hour: the first stands for the hour `from`. Hours without a request are 0; hours left out are NaN. */
export interface HourSeries {
  readonly from: number;
  readonly values: Float64Array;
}

/**
 * What an hour of each slot usually holds (DETECTORS 3.1). Differs from it in two points, both because of keys that rest at night or on
 * weekends: the trend compares the last three days with what their own slots expect, not two medians (which are 0, or those of a
 * weekend); nothing is winsorised, because medians and a trimmed mean do without.
 * @param unit what one request counts; half of it is expected of every hour
 */
export function slotProfile(series: HourSeries, unit: number): SlotProfile {
  const slots: number[][] = Array.from({ length: slotCount }, () => []);
  let max = 0;
  let sum = 0;
  let known = 0;
  series.values.forEach((value, index) => {
    if (Number.isNaN(value)) return;
    slots[slotOf(series.from + index * hourMs)]?.push(value);
    max = Math.max(max, value);
    sum += value;
    known += 1;
  });
  // Most keys cost nothing, or their log does not say.
  if (max === 0) return idle(unit);
  const sorted = slots.map((values) => ascending(values));
  const medians = sorted.map((values) => percentileCont(values, 0.5));
  const expected = sorted.map((values, slot) => {
    const around = percentileCont(ascending(neighboursOf(slots, slot)), 0.5);
    const own = values.length / (values.length + priorSamples);
    return Math.max(unit / 2, own * (medians[slot] ?? 0) + (1 - own) * around);
  });
  return {
    expected: expected.map(rounded),
    low: sorted.map((values) => rounded(percentileCont(values, 0.05))),
    high: sorted.map((values) => rounded(percentileCont(values, 0.95))),
    trend: rounded(trendOf(series, expected, known === 0 ? 0 : sum / known)),
    dispersion: rounded(dispersionOf(series, expected, unit)),
    unit: rounded(unit),
    max: rounded(max),
  };
}

/** Of a quantity that never was anything. */
function idle(unit: number): SlotProfile {
  const none = new Array<number>(slotCount).fill(0);
  const expected = new Array<number>(slotCount).fill(rounded(unit / 2));
  return {
    expected,
    low: none,
    high: none,
    trend: 1,
    dispersion: leastDispersion,
    unit: rounded(unit),
    max: 0,
  };
}

/** Samples of the hour before and the hour after, on the same kind of day. */
function neighboursOf(slots: readonly number[][], slot: number): number[] {
  const base = slot >= 24 ? 24 : 0;
  const hour = slot - base;
  return [...(slots[base + ((hour + 23) % 24)] ?? []), ...(slots[base + ((hour + 1) % 24)] ?? [])];
}

function trendOf({ from, values }: HourSeries, expected: readonly number[], mean: number): number {
  let seen = mean;
  let usual = mean;
  for (let index = Math.max(0, values.length - recentHours); index < values.length; index += 1) {
    const value = values[index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const mu = expected[slotOf(from + index * hourMs)] ?? 0;
    // One burst is no trend.
    seen += Math.min(value, 3 * mu);
    usual += mu;
  }
  return usual > 0 ? Math.min(2, Math.max(0.5, seen / usual)) : 1;
}

/** Twice the trimmed mean of ((x - mu)^2 - unit mu) / mu^2: moments, doubled because they are from the same hours. */
function dispersionOf({ from, values }: HourSeries, expected: readonly number[], unit: number): number {
  const parts: number[] = [];
  values.forEach((value, index) => {
    if (Number.isNaN(value)) return;
    const mu = expected[slotOf(from + index * hourMs)] ?? 0;
    if (mu > 0) parts.push(((value - mu) ** 2 - unit * mu) / mu ** 2);
  });
  const sorted = ascending(parts);
  const cut = Math.floor(sorted.length * trimShare);
  const kept = sorted.subarray(cut, sorted.length - cut);
  if (kept.length === 0) return 1;
  const mean = kept.reduce((all, part) => all + part, 0) / kept.length;
  return ownTail({ from, values }, expected, {
    unit,
    least: Math.max(leastDispersion, dispersionFactor * mean),
  });
}

/**
 * So much dispersion that the key's own second highest hour is as unlikely as two of so many: bursts that a key has now and then are its
 * own, and must not decide over the threshold of a whole fleet. By Wilson and Hilferty's approximation, which is good where this looks.
 */
function ownTail(
  { from, values }: HourSeries,
  expected: readonly number[],
  { unit, least }: { readonly unit: number; readonly least: number },
): number {
  const ratios: { value: number; mean: number }[] = [];
  values.forEach((value, index) => {
    const mean = expected[slotOf(from + index * hourMs)] ?? 0;
    if (value > mean && mean > 0) ratios.push({ value: value / unit, mean: mean / unit });
  });
  const rank = Math.min(tailRank, ratios.length);
  if (rank < tailRank) return least;
  const limit = normalQuantile(1 - tailRank / values.length);
  const isEnough = (dispersion: number) =>
    ratios.reduce((above, { value, mean }) => above + (zOf(value, mean, dispersion) > limit ? 1 : 0), 0) <
    tailRank;
  if (isEnough(least)) return least;
  let [low, high] = [least, mostDispersion];
  for (let step = 0; step < 12; step += 1) {
    const middle = Math.sqrt(low * high);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Wilson and Hilferty 1931: the cube root of a gamma variable is nearly normal. */
function zOf(value: number, mean: number, dispersion: number): number {
  const ninth = (1 / mean + dispersion) / 9;
  return (Math.cbrt(value / mean) - (1 - ninth)) / Math.sqrt(ninth);
}

/** Of the standard normal distribution's upper half (Abramowitz and Stegun 26.2.23, error below 5e-4). */
function normalQuantile(share: number): number {
  const t = Math.sqrt(-2 * Math.log(1 - share));
  return (
    t -
    (2.515517 + 0.802853 * t + 0.010328 * t ** 2) / (1 + 1.432788 * t + 0.189269 * t ** 2 + 0.001308 * t ** 3)
  );
}

/** Four digits after the point: stored documents stay small, and what a query computes rounds to the same. */
function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
