import type { Baseline } from './baseline.js';
import { forgetHours, type History, type HourTotals, memoryMs } from './history.js';
import { dayMs, type HourSeries, hourMs, slotProfile } from './profile.js';
import { ascending, percentileCont } from './quantile.js';
import { newDaysOf, rememberedOf, type SightingKind, sightingKinds } from './sightings.js';

/** Four weeks: every hour of a week four times, and no season. */
export const historyMs = 28 * dayMs;
/** More than 1 % of the hours of four weeks: enough for their 99 % quantile. */
const mostObjectHours = 32;
const hoursOfWeek = 168;

/** What earlier baselines left behind that hours alone do not tell. */
interface Remembered {
  /** Hours in which a finding lies that was not dismissed: no part of what is usual. */
  readonly leftOut?: ReadonlySet<number>;
  /** [hour, objects] of a stored baseline, for hours whose activity is not read again. */
  readonly objectHours?: Baseline['objectHours'];
}

/**
 * What is usual for a family at a moment, from what its history holds before it: nothing later may be in there. Hours and values that
 * are too old are dropped from the history.
 * @param until the start of an hour
 */
export function makeBaseline(history: History, until: number, remembered: Remembered = {}): Baseline {
  forgetHours(history.hours, until - memoryMs);
  const all = [...history.hours.values()].filter(({ hour }) => hour < until);
  const first = all[0]?.hour ?? until;
  const since = Math.max(first, until - historyMs);
  const hours = all.filter(({ hour }) => hour >= since);
  const sums = sumsOf(hours);
  const leftOut = remembered.leftOut ?? new Set<number>();
  const profileOf = (of: (totals: HourTotals) => number, each: number) =>
    slotProfile(seriesOf(hours, { since, until, leftOut }, of), each);
  const objectHours = objectHoursOf(hours, remembered.objectHours ?? [], since);
  return {
    familyId: history.familyId,
    ...{ since, until, ...sums },
    historyDays: Math.floor((until - since) / dayMs),
    activeHours: hours.length,
    profiles: {
      requests: profileOf(({ requests }) => requests, 1),
      bytes: profileOf(({ bytes }) => bytes, Math.max(1, sums.bytes / Math.max(1, sums.requests))),
      costUsd: profileOf(
        ({ costUsd }) => costUsd,
        Math.max(0.001, sums.costUsd / Math.max(1, sums.requests)),
      ),
    },
    ...knownValues(history, { since: until - historyMs, until, first }),
    weekHours: weekHoursOf(all),
    activeDays: new Set(hours.map(({ hour }) => Math.floor(hour / dayMs))).size,
    leftOutHours: [...leftOut].filter((hour) => hour >= since && hour < until).toSorted((a, b) => a - b),
    objectHours,
    bytesPerRequestHigh: percentileCont(ascending(hours.map((each) => each.bytes / each.requests)), 0.99),
    objectsHigh: objectsHighOf(objectHours, hours.length),
    longestGapHours: longestGapOf(all),
    lastAt: all.at(-1)?.lastAt ?? null,
  };
}

function sumsOf(hours: readonly HourTotals[]) {
  const sums = { requests: 0, okRequests: 0, refused: 0, bytes: 0, costUsd: 0 };
  for (const each of hours) {
    sums.requests += each.requests;
    sums.okRequests += each.requests - each.errors;
    sums.refused += each.refused;
    sums.bytes += each.bytes;
    sums.costUsd += each.costUsd;
  }
  return sums;
}

function seriesOf(
  hours: readonly HourTotals[],
  span: { readonly since: number; readonly until: number; readonly leftOut: ReadonlySet<number> },
  of: (totals: HourTotals) => number,
): HourSeries {
  const values = new Float64Array(Math.round((span.until - span.since) / hourMs));
  for (const totals of hours) values[(totals.hour - span.since) / hourMs] = of(totals);
  for (const hour of span.leftOut) {
    const index = (hour - span.since) / hourMs;
    if (index >= 0 && index < values.length) values[index] = Number.NaN;
  }
  return { from: span.since, values };
}

function knownValues(
  { sightings }: History,
  { since, until, first }: { readonly since: number; readonly until: number; readonly first: number },
) {
  const of = <T>(make: (kind: SightingKind) => T): Record<SightingKind, T> => {
    const [ips, networks, agents, endpoints] = sightingKinds.map(make) as [T, T, T, T];
    return { ips, networks, agents, endpoints };
  };
  return {
    ...of((kind) => rememberedOf(sightings[kind], until)),
    newDays: of((kind) => newDaysOf(sightings[kind], since, first)),
  };
}

function weekHoursOf(hours: readonly HourTotals[]): readonly number[] {
  const days = new Array<number>(hoursOfWeek).fill(0);
  // 1970-01-01 was a Thursday. Each hour of a week is on one day of it, so that hours are days here.
  for (const { hour } of hours) {
    const of = (Math.floor(hour / hourMs) + 72) % hoursOfWeek;
    days[of] = (days[of] ?? 0) + 1;
  }
  return days;
}

function objectHoursOf(
  hours: readonly HourTotals[],
  before: Baseline['objectHours'],
  since: number,
): Baseline['objectHours'] {
  const counted = new Map(before.filter(([hour]) => hour >= since));
  for (const { hour, objects } of hours) if (objects > 0) counted.set(hour, objects);
  return [...counted].toSorted((a, b) => b[1] - a[1] || b[0] - a[0]).slice(0, mostObjectHours);
}

function objectsHighOf(objectHours: Baseline['objectHours'], activeHours: number): number {
  const counts = new Float64Array(activeHours);
  objectHours.slice(0, activeHours).forEach(([, objects], index) => {
    counts[activeHours - 1 - index] = objects;
  });
  return percentileCont(counts, 0.99);
}

function longestGapOf(hours: readonly HourTotals[]): number {
  let longest = 0;
  hours.forEach(({ hour }, index) => {
    const next = hours[index + 1]?.hour ?? hour + hourMs;
    longest = Math.max(longest, Math.round((next - hour) / hourMs) - 1);
  });
  return longest;
}
