import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';

/** The busiest whole minute and hour (UTC) of a key. */
export interface RatePeak {
  readonly minute: number;
  readonly minuteAt: string;
  readonly hour: number;
  readonly hourAt: string;
}

const iso = (value: SQL) => sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Of each of these keys that was used since then, from the events: a minute is shorter than a rollup. */
export async function ratePeaks(
  db: Executor,
  keyIds: readonly string[],
  since: string,
): Promise<ReadonlyMap<string, RatePeak>> {
  const rows = await db.execute(sql`
    with minutes as materialized (
      select key_id, date_trunc('minute', ts, 'UTC') as at, count(*) as requests from keyctl.usage_events
      where key_id = any (${arrayLiteral(keyIds)}::text[]) and ts >= ${since}::timestamptz and ts <= statement_timestamp()
      group by 1, 2
    ), hours as (
      select key_id, date_trunc('hour', at, 'UTC') as at, sum(requests) as requests from minutes group by 1, 2
    )
    select key_id, m.requests::float8 as minute, ${iso(sql`m.at`)} as minute_at, h.requests::float8 as hour, ${iso(sql`h.at`)} as hour_at
    from (select distinct on (key_id) * from minutes order by key_id, requests desc, at desc) m
    join (select distinct on (key_id) * from hours order by key_id, requests desc, at desc) h using (key_id)`);
  return new Map(
    rows.map((row) => [
      String(row.key_id),
      {
        ...{ minute: Number(row.minute), minuteAt: String(row.minute_at) },
        ...{ hour: Number(row.hour), hourAt: String(row.hour_at) },
      },
    ]),
  );
}
