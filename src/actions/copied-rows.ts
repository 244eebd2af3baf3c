import type { SQL } from 'drizzle-orm';
import type { CopyClient } from '../db/connect.js';
import { copiedRows } from '../db/copy-out.js';
import { asKeyctlError } from '../db/failures.js';
import type { Context } from './context.js';

/**
 * The rows of a query in COPY's text form, and the database's own failures in words; those of files and pipes are told by whoever
 * opened them.
 * @param stallMs longest wait for the next rows; their reader may take as long as it likes
 * @throws KeyctlError 69, 77
 */
export async function* toldRows(
  ctx: Context,
  copy: CopyClient,
  query: SQL,
  stallMs: number,
): AsyncGenerator<Buffer> {
  try {
    yield* copiedRows(copy, query, stallMs);
  } catch (error) {
    throw asKeyctlError(error, { sent: 'read', target: ctx.db.target });
  }
}
