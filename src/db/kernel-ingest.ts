import { sql } from 'drizzle-orm';
import type { IncidentNews } from './incident-news.js';
import { answer, type Change, type ChangeAnswer, type Executor, json, who } from './kernel.js';

/** The typed calls of the kernel that file usage; see `kernel.ts`. */

/** Which of a run's two inboxes. */
export type Lane = 1 | 2;

/** Opens (or finds again) the inboxes of an ingest; answers their name without the lane (`_1`, `_2`), null when the run is closed. */
export function ingestOpen(db: Executor, runId: string): Promise<string | null> {
  return answer(db, sql`select keyctl.ingest_open(${runId}::uuid) as answer`);
}

/** Registers unknown names as keys; answers how many were settled: 500 means that more may be left. */
export function ingestAdopt(
  db: Executor,
  change: Change,
  input: { runId: string; lane: Lane },
): Promise<number> {
  return answer(
    db,
    sql`select keyctl.ingest_adopt(${input.runId}::uuid, ${input.lane}::int, ${who(change)}) as answer`,
  );
}

export interface IngestCounts {
  readonly events: number;
  readonly duplicates: number;
  readonly stray: number;
  readonly keys_adopted: number;
  readonly first_at: string | null;
  readonly last_at: string | null;
}

/** Files what lies in one inbox; answers the run's counts so far. */
export function ingestTake(db: Executor, input: { runId: string; lane: Lane }): Promise<IngestCounts> {
  return answer(db, sql`select keyctl.ingest_take(${input.runId}::uuid, ${input.lane}::int) as answer`);
}

/** What only the reader of a log saw; kept in the audit row beside the counts. */
export interface IngestReport {
  readonly source: string;
  readonly complete: boolean;
  readonly rejected_by_cause: Readonly<Record<string, number>>;
  readonly exposed: readonly {
    readonly key_id: string;
    readonly name: string | null;
    readonly status: string | null;
    readonly times: number;
  }[];
}

/** `incidents` is missing of a run that was killed and closed by another one. */
export function ingestClose(
  db: Executor,
  change: Change,
  input: { runId: string; report: IngestReport },
): Promise<IngestCounts & IngestReport & ChangeAnswer & { readonly incidents?: IncidentNews }> {
  return answer(
    db,
    sql`select keyctl.ingest_close(${input.runId}::uuid, ${who(change)}, ${json(input.report)}) as answer`,
  );
}
