import type { Sql } from 'postgres';

/** What `doctor` asks about what has to be done again and again, by cron or by people. */

export interface RollupAge {
  /** Seconds since usage was last counted; null: it never was. */
  readonly seconds: number | null;
  /** Events since then, or any at all. */
  readonly waiting: boolean;
}

export async function rollupAge(sql: Sql): Promise<RollupAge> {
  const [row] = await sql`
    select extract(epoch from statement_timestamp() - s.collected_at)::float8 as seconds, exists (
        select from keyctl.usage_events u where u.ts > coalesce(s.collected_at, '-infinity')) as waiting
    from keyctl.rollup_status s`;
  const seconds = row?.seconds ?? null;
  return { seconds: seconds === null ? null : Number(seconds), waiting: row?.waiting === true };
}

export interface LateIncident {
  readonly incidentId: string;
  /** The phase whose time is over: `contain`. */
  readonly phase: string;
}

/** Open incidents whose clock is over, the longest first. */
export async function lateIncidents(sql: Sql): Promise<readonly LateIncident[]> {
  const rows = await sql`
    select incident_id, next_clock from keyctl.incident_list
    where next_due_at < statement_timestamp() order by next_due_at`;
  return rows.map((row) => ({ incidentId: String(row.incident_id), phase: String(row.next_clock) }));
}
