import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';

/** What left by some keys in one hour. */
export interface HourOut {
  readonly hour: string;
  readonly requests: number;
  readonly bytes: number;
  /** Different objects that were named; 0 also when the log names none. */
  readonly objects: number;
}

/** What left by one endpoint. */
export interface EndpointOut {
  /** Null: events that name none. */
  readonly endpoint: string | null;
  readonly requests: number;
  readonly bytes: number;
  readonly objects: number;
  /** Of the largest answer. */
  readonly largest: number;
  /** Bytes in equal parts of the window. */
  readonly series: readonly number[];
  /** Whether it was used in the history too. */
  readonly known: boolean;
}

export interface Span {
  readonly since: string;
  readonly until: string;
}

const iso = (value: SQL) => sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const within = (keyIds: readonly string[], { since, until }: Span) =>
  sql`key_id = any (${arrayLiteral(keyIds)}::text[]) and ts >= ${since}::timestamptz and ts < ${until}::timestamptz`;

/** By hours with any request, oldest first. From the events: rollups do not know which objects were different. */
export async function hoursOut(
  db: Executor,
  keyIds: readonly string[],
  span: Span,
): Promise<readonly HourOut[]> {
  const rows = await db.execute(sql`
    select ${iso(sql`hour`)} as hour, sum(requests)::float8 as requests, coalesce(sum(bytes), 0)::float8 as bytes,
      count(object)::float8 as objects
    from (
      select date_trunc('hour', ts, 'UTC') as hour, object, count(*) as requests, sum(bytes) as bytes
      from keyctl.usage_events where ${within(keyIds, span)} group by 1, 2
    ) o group by o.hour order by o.hour`);
  return rows.map((row) => ({
    hour: String(row.hour),
    requests: Number(row.requests),
    bytes: Number(row.bytes),
    objects: Number(row.objects),
  }));
}

/**
 * Most bytes first, then most objects: bulk reads and exports.
 * @param parts into how many equal parts of the window `series` is cut
 * @param history when an endpoint counts as known
 */
export async function endpointsOut(
  db: Executor,
  of: { readonly keyIds: readonly string[]; readonly familyIds: readonly string[]; readonly parts: number },
  span: Span,
  history: Span,
): Promise<readonly EndpointOut[]> {
  const { keyIds, familyIds, parts } = of;
  const part = sql`least(${parts}::int - 1, floor(extract(epoch from ts - ${span.since}::timestamptz)
    / extract(epoch from ${span.until}::timestamptz - ${span.since}::timestamptz) * ${parts}::int)::int)`;
  const rows = await db.execute(sql`
    with seen as materialized (
      select endpoint, object, ${part} as part, count(*) as requests, sum(bytes) as bytes, max(bytes) as largest
      from keyctl.usage_events where ${within(keyIds, span)} group by 1, 2, 3
    ), by_part as (
      select endpoint, jsonb_object_agg(part, bytes) as series
      from (select endpoint, part, coalesce(sum(bytes), 0) as bytes from seen group by 1, 2) p group by 1
    )
    select s.endpoint, sum(s.requests)::float8 as requests, coalesce(sum(s.bytes), 0)::float8 as bytes,
      count(distinct s.object)::float8 as objects, coalesce(max(s.largest), 0)::float8 as largest,
      (select p.series from by_part p where p.endpoint is not distinct from s.endpoint) as series,
      exists (select from keyctl.usage_events h
        where h.endpoint is not distinct from s.endpoint and ${within(familyIds, history)}) as known
    from seen s group by s.endpoint order by 3 desc, 4 desc, 1`);
  return rows.map((row) => {
    const series = (row.series ?? {}) as Readonly<Record<string, number>>;
    return {
      endpoint: row.endpoint as string | null,
      requests: Number(row.requests),
      bytes: Number(row.bytes),
      objects: Number(row.objects),
      largest: Number(row.largest),
      series: Array.from({ length: parts }, (_, at) => Number(series[at] ?? 0)),
      known: row.known === true,
    };
  });
}
