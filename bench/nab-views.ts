import { dayMs, slotCount, slotOf } from '../src/domain/detect/profile.js';
import type { NabSeries } from './nab-series.js';

type Points = NabSeries['points'];

/** How a series looks from several sides, each a size without a unit for every point, from what was before it only. */
export interface Views {
  readonly sizes: readonly Float64Array[];
  /** How far outside of everything before, in parts of its range. */
  readonly beyond: Float64Array;
  readonly pointsPerDay: number;
}

/** Spreads are those of the last ten days; slots remember ten values each. */
const memoryDays = 10;
const slotMemory = 10;
/** Quarters of an hour for each of the product's 48 slots. */
const quarters = 4;
const leastSlotValues = 9;
const leastSpread = 0.01;
const meanHours = [1, 3, 12] as const;
const spreadHours = 3;

/**
 * Distance from the median; distance from what the slot expects (working days and weekends apart, as the product has them), of the
 * point itself and of the mean of the last 1, 3 and 12 hours; the step from the point before; the spread of the last 3 hours.
 */
export function viewsOf(points: Points): Views {
  const count = points.length;
  const span = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0);
  const pointsPerDay = Math.max(1, Math.round((dayMs * (count - 1)) / span));
  const sizes = Array.from({ length: 4 + meanHours.length }, () => new Float64Array(count));
  const beyond = new Float64Array(count);
  const values = sortedMemory(Math.round(memoryDays * pointsPerDay));
  const residuals = sortedMemory(Math.round(memoryDays * pointsPerDay));
  const expectation = slotMedians();
  const [ofResiduals, ofValues, ofSquares] = [runningSum(count), runningSum(count), runningSum(count)];
  const within = (hours: number, least: number) => Math.max(least, Math.round((hours * pointsPerDay) / 24));
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

  points.forEach(({ at, value }, place) => {
    const floor = leastSpread * (values.quantile(0.995) - values.quantile(0.005));
    const spread = Math.max(values.spread(), floor, 1e-9);
    const middle = values.quantile(0.5);
    const residual = value - expectation.at(at, middle);
    const usual = Math.max(residuals.spread(), floor, 1e-9);
    ofResiduals.add(residual);
    ofValues.add(value);
    ofSquares.add(value * value);
    const last = within(spreadHours, 3);
    const variance = ofSquares.mean(last) - ofValues.mean(last) ** 2;
    const seen = [
      Math.abs(value - middle) / spread,
      Math.abs(residual) / usual,
      Math.abs(value - (points[place - 1]?.value ?? value)) / spread,
      Math.sqrt(Math.max(0, variance)) / spread,
      ...meanHours.map((hours) => Math.abs(ofResiduals.mean(within(hours, 2))) / usual),
    ];
    for (const [view, size] of seen.entries()) (sizes[view] as Float64Array)[place] = size;
    if (place > pointsPerDay / 4)
      beyond[place] = Math.max(0, value - high, low - value) / Math.max(1e-9, high - low);
    [low, high] = [Math.min(low, value), Math.max(high, value)];
    values.add(value);
    residuals.add(residual);
    expectation.add(at, value);
  });
  return { sizes, beyond, pointsPerDay };
}

/** The newest values, in the order of their size. */
function sortedMemory(most: number) {
  const sorted: number[] = [];
  const inOrder: number[] = [];
  const placeOf = (value: number): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const quantile = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    quantile,
    /** As the standard deviation of a normal distribution, from the quartiles. */
    spread: () => (quantile(0.75) - quantile(0.25)) / 1.35,
    add(value: number): void {
      sorted.splice(placeOf(value), 0, value);
      inOrder.push(value);
      if (inOrder.length > most) sorted.splice(placeOf(inOrder[inOrder.length - most - 1] ?? 0), 1);
    },
  };
}

/** What is usual at a time of the day, on working days and on weekends: the median of the slot and its neighbours. */
function slotMedians() {
  const slots = Array.from({ length: slotCount * quarters }, () => [] as number[]);
  const slotAt = (at: number) => slotOf(at) * quarters + Math.floor((at % 3_600_000) / 900_000);
  const around = (slot: number): number[] => {
    const half = (slotCount * quarters) / 2;
    const base = slot >= half ? half : 0;
    return [-1, 0, 1].flatMap((step) =>
      (slots[base + ((slot - base + step + half) % half)] ?? []).slice(-slotMemory),
    );
  };
  return {
    at(at: number, otherwise: number): number {
      const slot = slotAt(at);
      let near = around(slot);
      // A weekend that was not seen yet is taken for a working day.
      const other = (slot + (slotCount * quarters) / 2) % (slotCount * quarters);
      if (near.length < leastSlotValues) near = [...near, ...around(other)];
      if (near.length < leastSlotValues - 3) return otherwise;
      return near.toSorted((a, b) => a - b)[Math.floor(near.length / 2)] ?? otherwise;
    },
    add: (at: number, value: number): void => void slots[slotAt(at)]?.push(value),
  };
}

function runningSum(count: number) {
  const sums = new Float64Array(count + 1);
  let length = 0;
  return {
    add(value: number): void {
      sums[length + 1] = (sums[length] ?? 0) + value;
      length += 1;
    },
    mean(last: number): number {
      const from = Math.max(0, length - last);
      return ((sums[length] ?? 0) - (sums[from] ?? 0)) / Math.max(1, length - from);
    },
  };
}
