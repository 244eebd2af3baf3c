import type { BinaryRow } from '../domain/audit-record.js';

/** PostgreSQL's signature, then four bytes of flags and the length of an extension (always 0). */
const headerBytes = 19;

/**
 * Cuts the stream of a `COPY … TO STDOUT (FORMAT binary)` into rows of `columns` fields. `take` gets the same object each
 * time, good until it returns, and answers whether it wants more; so does the function returned, for each chunk.
 */
export function binaryRows(columns: number, take: (row: BinaryRow) => boolean): (chunk: Buffer) => boolean {
  const starts = new Int32Array(columns);
  const lengths = new Int32Array(columns);
  let rest: Buffer | null = null;
  let wantsHeader = true;
  let done = false;

  /** Finds the fields of the row at `at`; answers where it ends, or -1 when its end has not arrived. */
  const endOfRow = (bytes: Buffer, at: number): number => {
    let next = at + 2;
    for (let field = 0; field < columns; field += 1) {
      if (next + 4 > bytes.length) return -1;
      const length = bytes.readInt32BE(next);
      next += 4;
      starts[field] = next;
      lengths[field] = length;
      if (length > 0) next += length;
    }
    return next > bytes.length ? -1 : next;
  };

  return (chunk) => {
    // A stream goes on for a while after it was told to stop.
    if (done) return false;
    // The server sends each row as a message of its own, so nothing is left over as a rule.
    const bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    rest = null;
    let at = 0;
    if (wantsHeader && bytes.length >= headerBytes) {
      wantsHeader = false;
      at = headerBytes;
    }
    while (!wantsHeader && at + 2 <= bytes.length) {
      const fields = bytes.readInt16BE(at);
      if (fields === -1) return true;
      if (fields !== columns) throw new RangeError('not the rows that were asked for');
      const end = endOfRow(bytes, at);
      if (end < 0) break;
      if (!take({ bytes, starts, lengths })) {
        done = true;
        return false;
      }
      at = end;
    }
    if (at < bytes.length) rest = bytes.subarray(at);
    return true;
  };
}
