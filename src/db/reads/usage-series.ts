import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';
import { type Dimension, eventsBy, namedValue, rawValue } from './usage-dimensions.js';
import { type UsageFilter, usageConditions } from './usage-filter.js';

/** Requests over a window, in parts of equal length, the oldest first. */
export interface UsageSeries {
  /** One for each value that was asked for, in that order. */
  readonly groups: readonly (readonly number[])[];
  /** Of all values. */
  readonly total: readonly number[];
}

export interface SeriesOptions {
  /** Of these values of the dimension; null stands for events that do not say. */
  readonly of: readonly (string | number | null)[];
  /** When each part begins, RFC 3339, ascending; what lies before the second is in the first. */
  readonly starts: readonly string[];
}

/** Straight from the events, late ones and the open hour too: a rollup knows neither agents nor parts of an hour. */
export function usageSeriesQuery(filter: UsageFilter, by: Dimension, { of, starts }: SeriesOptions): SQL {
  const named = arrayLiteral(of.filter((value) => value !== null));
  return sql`
    with raw as materialized (
      select ${rawValue(by)}::text as value, width_bucket(ts, ${arrayLiteral(starts.slice(1))}::timestamptz[]) as part,
        count(*) as requests
      from ${eventsBy(by)} where ${usageConditions(filter)} group by 1, 2
    ), parts as materialized (
      select ${namedValue(by) ?? sql`value`} as value, part, sum(requests) as requests from raw group by 1, 2
    )
    select false as is_total, value, part, requests::float8 as requests from parts
    where value = any (${named}::text[]) or value is null
    union all
    select true, null, part, sum(requests)::float8 from parts group by part`;
}

export async function usageSeries(
  db: Executor,
  filter: UsageFilter,
  by: Dimension,
  options: SeriesOptions,
): Promise<UsageSeries> {
  const series = new Map<string | null, number[]>();
  const nothing = (): number[] => options.starts.map(() => 0);
  const total = nothing();
  for (const row of await db.execute(usageSeriesQuery(filter, by, options))) {
    const value = row.value as string | null;
    const own = series.get(value) ?? nothing();
    series.set(value, own);
    (row.is_total === true ? total : own)[Number(row.part)] = Number(row.requests);
  }
  const groups = options.of.map((value) => series.get(value === null ? null : String(value)) ?? nothing());
  return { groups, total };
}
