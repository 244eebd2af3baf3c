import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

/** A table that usage lies in, and the times that it holds. */
export interface Partition {
  readonly name: string;
  readonly holds: 'usage_events' | 'stray_events';
  /** Null: without a bound on that side. */
  readonly from: string | null;
  readonly until: string | null;
  /** The server's estimate, or counted where it has none yet. */
  readonly rows: number;
  readonly bytes: number;
  /** It holds nothing younger than what is to be kept; null: no time was given. */
  readonly expendable: boolean | null;
}

const iso = (value: SQL) => sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
/** Through the table whole: the right to read a partition itself is nobody's. */
const counted = (table: SQL) =>
  sql`(select count(*) from ${table} e where e.ts >= coalesce(p.from_at, '-infinity') and e.ts < coalesce(p.until_at, 'infinity'))`;

/**
 * Oldest first.
 * @param keepSeconds how long usage is to be kept, by which `expendable` is told; null: not told
 */
export async function partitions(
  db: Executor,
  keepSeconds: number | null,
  which: 'all' | 'expendable' = 'all',
): Promise<readonly Partition[]> {
  const old = sql`p.until_at <= clock_timestamp() - make_interval(secs => ${keepSeconds}::double precision)`;
  const rows = await db.execute(sql`
    select p.name, p.parent as holds, ${iso(sql`p.from_at`)} as from_at, ${iso(sql`p.until_at`)} as until_at, p.bytes::float8 as bytes,
      coalesce(p.rows, case p.parent when 'usage_events' then ${counted(sql`keyctl.usage_events`)}
        else ${counted(sql`keyctl.stray_events`)} end)::float8 as rows,
      coalesce(${old}, false) as expendable
    from keyctl.usage_partitions p where ${which === 'all' ? sql`true` : old}
    order by p.from_at nulls first, p.parent desc, p.name`);
  return rows.map((row) => ({
    name: String(row.name),
    holds: row.holds as Partition['holds'],
    from: row.from_at as string | null,
    until: row.until_at as string | null,
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    expendable: keepSeconds === null ? null : row.expendable === true,
  }));
}
