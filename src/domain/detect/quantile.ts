/**
 * The quantile that PostgreSQL's `percentile_cont` answers: between two values it goes on a straight line, so that a query can
 * reproduce what a baseline says.
 * @param sorted ascending; without values the answer is 0
 */
export function percentileCont(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return 0;
  const at = (sorted.length - 1) * share;
  const below = Math.floor(at);
  const low = sorted[below] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - below);
}

export function ascending(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}
