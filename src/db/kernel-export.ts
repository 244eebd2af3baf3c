import { sql } from 'drizzle-orm';
import type { ExportFormat, ExportKind } from '../domain/export-kind.js';
import { answer, type Change, type ChangeAnswer, type Executor, json, who } from './kernel.js';

/** The typed call of the kernel that writes down an export; see `kernel.ts`. */

/** What left the database. snake_case because it travels as JSON. */
export interface ExportRecord {
  readonly what: ExportKind;
  readonly format: ExportFormat;
  /** As it was narrowed, with keys by their ids. */
  readonly filter: Readonly<Record<string, string | number | readonly string[]>>;
  readonly rows: number;
  readonly bytes: number;
  /** Of the bytes that were written, in hex. */
  readonly sha256: string;
  /** False: that much at most had left when the writing ended early. */
  readonly complete: boolean;
  readonly first_seq: number | null;
  readonly last_seq: number | null;
}

export interface ExportAnswer extends ChangeAnswer {
  readonly outcome: 'recorded';
  readonly recorded_at: string;
}

export function recordExport(db: Executor, change: Change, input: ExportRecord): Promise<ExportAnswer> {
  return answer(db, sql`select keyctl.record_export(${who(change)}, ${json(input)}) as answer`);
}
