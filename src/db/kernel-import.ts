import { sql } from 'drizzle-orm';
import type { ImportRow } from '../domain/import/row.js';
import type { Change, ChangeAnswer, Executor } from './kernel.js';

/** The typed calls of an import, in the manner of `kernel.ts`: a run is opened, filled, planned, made in batches, closed. */

export interface ImportCounts {
  readonly rows: number;
  /** Before the keys are made: those that are going to be. */
  readonly imported: number;
  readonly unchanged: number;
  readonly conflicts: number;
  readonly rejected: number;
  readonly weak: number;
  readonly tracked_only: number;
  readonly revoked: number;
  readonly replaced: number;
  readonly unlinked: number;
  readonly causes: Readonly<Record<string, number>>;
}

/** A row that is not taken. */
export interface ImportFinding {
  readonly line: number;
  readonly outcome: 'conflict' | 'rejected';
  readonly cause: string;
  readonly externalId: string | null;
  /** The key that is in its way. */
  readonly keyId: string | null;
}

/** What only the reader of the file saw; kept in the audit row beside the counts. */
export interface ImportReport {
  readonly source: string;
  readonly unread: Readonly<Record<string, number>>;
}

/** Opens an import or finds it again; false when it is closed already. */
export async function importOpen(db: Executor, runId: string): Promise<boolean> {
  const [row] = await db.execute(sql`select keyctl.import_open(${runId}::uuid) as answer`);
  return row?.answer === true;
}

/** Brings rows in; of the same line the first one counts. */
export async function importStage(
  db: Executor,
  input: { runId: string; rows: readonly ImportRow[] },
): Promise<void> {
  const rows = JSON.stringify(input.rows);
  await db.execute(sql`select keyctl.import_stage(${input.runId}::uuid, ${rows}::jsonb)`);
}

/** Decides about every row; nothing is made yet. */
export async function importPlan(
  db: Executor,
  input: { runId: string; staged: number },
): Promise<ImportCounts> {
  const [row] = await db.execute(
    sql`select keyctl.import_plan(${input.runId}::uuid, ${input.staged}::bigint) as answer`,
  );
  return row?.answer as ImportCounts;
}

/** The rows that are not taken, by line: at most a thousand, those behind `after`. */
export async function importFindings(
  db: Executor,
  input: { runId: string; after: number },
): Promise<ImportFinding[]> {
  const rows = await db.execute(sql`select line, outcome, cause, external_id, key_id
    from keyctl.import_findings(${input.runId}::uuid, ${input.after}::bigint)`);
  return Array.from(rows, (row) => ({
    line: Number(row.line),
    outcome: row.outcome as ImportFinding['outcome'],
    cause: String(row.cause),
    externalId: row.external_id as string | null,
    keyId: row.key_id as string | null,
  }));
}

export interface ImportProgress {
  readonly imported: number;
  readonly done: boolean;
}

/** Makes the next 500 families; asked again until it is done. */
export async function importKeys(db: Executor, change: Change, runId: string): Promise<ImportProgress> {
  const context = JSON.stringify(change.context);
  const [row] = await db.execute(
    sql`select keyctl.import_keys(${change.operationId}::uuid, ${context}::jsonb, ${runId}::uuid) as answer`,
  );
  return row?.answer as ImportProgress;
}

export async function importClose(
  db: Executor,
  change: Change,
  input: { runId: string; report: ImportReport },
): Promise<ImportCounts & ImportReport & ChangeAnswer> {
  const context = JSON.stringify(change.context);
  const report = JSON.stringify(input.report);
  const [row] =
    await db.execute(sql`select keyctl.import_close(${change.operationId}::uuid, ${context}::jsonb,
    ${input.runId}::uuid, ${report}::jsonb) as answer`);
  return row?.answer as ImportCounts & ImportReport & ChangeAnswer;
}

/** Forgets an import of which nothing was made. */
export async function importDiscard(db: Executor, runId: string): Promise<void> {
  await db.execute(sql`select keyctl.import_discard(${runId}::uuid)`);
}
