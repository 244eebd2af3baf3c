import { sql } from 'drizzle-orm';
import { answer, type Change, type ChangeAnswer, type Executor, who } from './kernel.js';

/** The typed calls of the kernel about the tables that usage lies in; see `kernel.ts`. */

/** A table that was dropped. */
interface DroppedPartition {
  readonly name: string;
  readonly from: string | null;
  readonly until: string;
  /** Null: the server had no estimate. */
  readonly rows: number | null;
  readonly bytes: number;
}

export interface RetentionAnswer extends ChangeAnswer {
  readonly outcome: 'dropped' | 'nothing_to_drop';
  readonly before: string;
  readonly partitions: readonly DroppedPartition[];
  /** Rollups that went with them. */
  readonly hours: number;
}

export function dropUsageBefore(
  db: Executor,
  change: Change,
  input: { keepSeconds: number },
): Promise<RetentionAnswer> {
  return answer(
    db,
    sql`select keyctl.drop_usage_before(${who(change)}, make_interval(secs => ${input.keepSeconds}::double precision)) as answer`,
  );
}

/** Makes this week's tables and those of so many weeks after it; answers how many were made. */
export function ensureWeeksAhead(db: Executor, weeks: number): Promise<number> {
  return answer(
    db,
    sql`select keyctl.ensure_partitions(array(
      select ((clock_timestamp() at time zone 'UTC')::date + 7 * n) from generate_series(0, ${weeks}::int) n)) as answer`,
  );
}

/** Those that `ensureWeeksAhead` would make, by name. */
export async function missingWeeksAhead(db: Executor, weeks: number): Promise<readonly string[]> {
  const rows = await db.execute(sql`
    select m.name from keyctl.missing_partitions(array(
      select ((clock_timestamp() at time zone 'UTC')::date + 7 * n) from generate_series(0, ${weeks}::int) n)) m`);
  return rows.map((row) => String(row.name));
}

/** A prepared table: the weeks of its events, from Monday 00:00 UTC. */
export interface PreparedTable {
  readonly outcome: 'fits' | 'attached' | 'already_attached';
  readonly name: string;
  readonly from: string | null;
  readonly until: string | null;
  /** Null: it was there already, and the server has no estimate. */
  readonly rows: number | null;
  readonly bytes: number;
}

export type AttachAnswer = PreparedTable & ChangeAnswer;

/** @throws KeyctlError 2, 3, 4, 77 with what is wrong with the table */
export function inspectPartition(db: Executor, table: string): Promise<PreparedTable> {
  return answer(db, sql`select keyctl.inspect_partition(${table}::text) as answer`);
}

export function attachPartition(
  db: Executor,
  change: Change,
  input: { table: string },
): Promise<AttachAnswer> {
  return answer(db, sql`select keyctl.attach_partition(${who(change)}, ${input.table}::text) as answer`);
}
