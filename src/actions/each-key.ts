import type { Executor } from '../db/kernel.js';
import type { KeyRow } from '../db/reads/keys.js';
import { KeyctlError } from '../domain/errors.js';
import type { Context } from './context.js';

/** What came of one key of several: the kernel's answer, or why there is none. */
export interface KeyOutcome<A> {
  readonly row: KeyRow;
  readonly answer: A | null;
  readonly error: KeyctlError | null;
}

/** What came of one operation on several keys. */
export interface Changes<A> {
  readonly operationId: string;
  readonly outcomes: readonly KeyOutcome<A>[];
}

/**
 * Changes the keys one by one, each in one statement of its own; a failure of one does not hold up the others. A single
 * key's error is thrown, several keys' errors stand in their outcomes.
 */
export async function changeEach<A>(
  ctx: Context,
  rows: readonly KeyRow[],
  change: (db: Executor, keyId: string) => Promise<A>,
): Promise<Changes<A>> {
  const outcomes: KeyOutcome<A>[] = [];
  for (const row of rows) {
    try {
      const answer = await ctx.db.change(ctx.operationId, (db) => change(db, row.key.id));
      outcomes.push({ row, answer, error: null });
    } catch (error) {
      if (rows.length === 1 || !(error instanceof KeyctlError)) throw error;
      outcomes.push({ row, answer: null, error });
    }
  }
  return { operationId: ctx.operationId, outcomes };
}
