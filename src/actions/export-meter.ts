import { createHash } from 'node:crypto';
import { type ExportedEntry, exportedEntry } from '../db/reads/export-rows.js';
import { copyRows } from '../domain/copy-text.js';

/** Turns rows into the bytes of an export, a piece at a time; `src/render/export/` has one for each form. */
export interface ExportEncoder<Rows> {
  /** What stands before the first row; empty for most forms. */
  readonly heading: string;
  /** The bytes are good until the next call. */
  encode(rows: Rows): Encoded;
}

interface Encoded {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Of rows of the audit log: the first and the last of them. */
  readonly firstSeq?: number | null;
  readonly lastSeq?: number | null;
}

/** An encoder of rows as the database writes them, or of rows of the audit log that were read. */
export type ChosenEncoder =
  | { readonly of: 'fields'; readonly encoder: ExportEncoder<Uint8Array> }
  | { readonly of: 'entries'; readonly encoder: ExportEncoder<readonly ExportedEntry[]> };

/** Whichever it is, as one of rows as the database writes them. */
export function rowEncoder(chosen: ChosenEncoder): ExportEncoder<Uint8Array> {
  return chosen.of === 'fields' ? chosen.encoder : readingEntries(chosen.encoder);
}

function readingEntries(encoder: ExportEncoder<readonly ExportedEntry[]>): ExportEncoder<Uint8Array> {
  return {
    heading: encoder.heading,
    encode(rows) {
      const entries = copyRows(Buffer.from(rows.buffer, rows.byteOffset, rows.length).toString()).map(
        exportedEntry,
      );
      const seqs = { firstSeq: entries[0]?.seq ?? null, lastSeq: entries.at(-1)?.seq ?? null };
      return { ...encoder.encode(entries), ...seqs };
    },
  };
}

/** Counts and sums what was written; asked at any time, also after a failure. */
export interface ExportMeter {
  readonly rows: number;
  readonly bytes: number;
  take(bytes: Uint8Array, rows: number): void;
  reached(firstSeq: number | null, lastSeq: number | null): void;
  written(): Written;
}

interface Written {
  readonly rows: number;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
}

export function exportMeter(): ExportMeter {
  const sum = createHash('sha256');
  let rows = 0;
  let bytes = 0;
  let first: number | null = null;
  let last: number | null = null;
  return {
    get rows() {
      return rows;
    },
    get bytes() {
      return bytes;
    },
    take(piece, count) {
      sum.update(piece);
      bytes += piece.length;
      rows += count;
    },
    reached(firstSeq, lastSeq) {
      first ??= firstSeq;
      last = lastSeq ?? last;
    },
    // A copy: the sum goes on after it was asked for.
    written: () => ({ rows, bytes, sha256: sum.copy().digest('hex'), firstSeq: first, lastSeq: last }),
  };
}
