import type { Activity } from './activity.js';

/** Sums over some activity. */
export interface Tally {
  readonly requests: number;
  readonly ok: number;
  readonly unauthorized: number;
  readonly forbidden: number;
  readonly notFound: number;
  readonly limited: number;
  readonly failed: number;
  readonly bytes: number;
  readonly objects: number;
  /** Milliseconds since 1970; Infinity and -Infinity of nothing. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Null: none was answered below 400. */
  readonly firstOkAt: number | null;
}

/** A dozen detectors ask about the same window: half of the time of a replay went into summing it again and again. */
const tallied = new WeakMap<readonly Activity[], Tally>();

/** The sums over some activity, which is not changed any more. */
export function tally(activity: readonly Activity[]): Tally {
  const known = tallied.get(activity);
  if (known !== undefined) return known;
  const sums = summed(activity);
  tallied.set(activity, sums);
  return sums;
}

function summed(activity: readonly Activity[]): Tally {
  const sums = { requests: 0, ok: 0, unauthorized: 0, forbidden: 0, notFound: 0, limited: 0, failed: 0 };
  let [bytes, objects, firstAt, lastAt] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let firstOkAt: number | null = null;
  for (const each of activity) {
    sums.requests += each.requests;
    sums.ok += each.ok;
    sums.unauthorized += each.unauthorized;
    sums.forbidden += each.forbidden;
    sums.notFound += each.notFound;
    sums.limited += each.limited;
    sums.failed += each.failed;
    bytes += each.bytes;
    objects += each.objects;
    if (each.firstAt < firstAt) firstAt = each.firstAt;
    if (each.lastAt > lastAt) lastAt = each.lastAt;
    if (each.firstOkAt !== null && (firstOkAt === null || each.firstOkAt < firstOkAt))
      firstOkAt = each.firstOkAt;
  }
  return { ...sums, bytes, objects, firstAt, lastAt, firstOkAt };
}

/** The addresses, in the order in which each was first seen. */
export function ipsOf(activity: readonly Activity[]): ReadonlySet<string> {
  return new Set(activity.flatMap(({ ip }) => ip ?? []));
}

/** The endpoints, likewise. */
export function endpointsOf(activity: readonly Activity[]): ReadonlySet<string> {
  return new Set(activity.flatMap(({ endpoint }) => endpoint ?? []));
}

/** Those that have a value, by that value, in the order in which each was first seen. */
export function groupBy<T>(
  all: readonly T[],
  value: (each: T) => string | null,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const of = value(each);
    if (of === null) continue;
    const group = groups.get(of);
    if (group === undefined) groups.set(of, [each]);
    else group.push(each);
  }
  return groups;
}

/** When the running sum first reached `least`: the end of that five minutes' use; null: it never did. */
export function reachedAt<T extends { readonly lastAt: number }>(
  activity: readonly T[],
  count: (each: T) => number,
  least: number,
): number | null {
  let sum = 0;
  for (const each of activity.toSorted((a, b) => a.lastAt - b.lastAt)) {
    sum += count(each);
    if (sum >= least) return each.lastAt;
  }
  return null;
}

/** Milliseconds since 1970 of the first moment after all of it: what is counted until then does not change by what comes later. */
export function endOf(activity: readonly { readonly lastAt: number }[]): number {
  let last = Number.NEGATIVE_INFINITY;
  for (const each of activity) last = Math.max(last, each.lastAt);
  return last + 1;
}
