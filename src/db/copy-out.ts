import type { SQL } from 'drizzle-orm';
import type { CopyClient } from './connect.js';
import { withDeadline } from './deadline.js';
import { statementText } from './executor.js';
import { SessionLostError } from './socket.js';

const newline = 0x0a;

/**
 * The rows of a query in COPY's text form, in pieces of whole rows, as fast as they are taken: what is not asked for stays in
 * the server. One connection for one COPY, which is gone afterwards, also when the caller stops early (F29).
 * @param stallMs longest wait for the next piece; the time that the caller takes for one does not count
 */
export async function* copiedRows(copy: CopyClient, query: SQL, stallMs: number): AsyncGenerator<Buffer> {
  const limit = { timeoutMs: stallMs, onTimeout: copy.destroy };
  try {
    const opening = copy.sql.unsafe(`copy (${statementText(query)}) to stdout`).readable();
    const stream = await withDeadline(opening, limit);
    const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    let rest: Buffer | null = null;
    for (;;) {
      const { value, done } = await withDeadline(pieces.next(), limit);
      if (done === true) return;
      const bytes: Buffer = rest === null ? value : Buffer.concat([rest, value]);
      // The server sends each row as a message of its own, so nothing is left over as a rule.
      const end = bytes.lastIndexOf(newline) + 1;
      rest = end === bytes.length ? null : bytes.subarray(end);
      if (end > 0) yield bytes.subarray(0, end);
    }
  } catch (error) {
    throw isCut(error) ? new SessionLostError() : error;
  } finally {
    copy.destroy();
  }
}

/** The stream was closed under us without an end. */
function isCut(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
