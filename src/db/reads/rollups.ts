import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

/** How far the rollups reach. */
export interface RollupStatus {
  /** When events were last collected; null: there was no rollup yet. */
  readonly asOf: string | null;
  /** Every hour before this moment is exact as of `asOf`. */
  readonly rolledUntil: string | null;
  readonly queuedHours: number;
}

const iso = (value: SQL) => sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

export async function rollupStatus(db: Executor): Promise<RollupStatus> {
  const rows = await db.execute(sql`
    select ${iso(sql`collected_at`)} as as_of, ${iso(sql`rolled_until`)} as rolled_until, queued_hours::float8 as queued_hours
    from keyctl.rollup_status`);
  const row = rows[0] ?? {};
  return {
    asOf: (row.as_of as string | null | undefined) ?? null,
    rolledUntil: (row.rolled_until as string | null | undefined) ?? null,
    queuedHours: Number(row.queued_hours ?? 0),
  };
}
