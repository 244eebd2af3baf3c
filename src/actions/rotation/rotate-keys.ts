import type { KeyRow } from '../../db/reads/keys.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import type { Context } from '../context.js';
import { rotateBatch } from './rotate-batch.js';
import { type RotationOrder, type RotationResult, settle, targetOf } from './rotation-order.js';

/** So many keys in one statement: the head of the audit chain is held meanwhile, and a revoke must not wait for it. */
export const batchSize = 100;

/**
 * Rotates the given keys, in batches. After a batch in which nothing could be delivered nothing more is minted: the
 * place of the secrets is gone.
 * @param prefix of the successors' tokens; each key's own when null
 */
export async function rotateKeys(
  ctx: Context,
  rows: readonly KeyRow[],
  order: RotationOrder,
  prefix: string | null,
): Promise<readonly RotationResult[]> {
  const results: RotationResult[] = [];
  for (let at = 0; at < rows.length; at += batchSize) {
    const batch = rows.slice(at, at + batchSize).map((row) => targetOf(row, prefix));
    const done = await rotateBatch(ctx, batch, order);
    results.push(...done);
    if (sinkGone(done)) {
      results.push(...rows.slice(at + batchSize).map((row) => notTried(row, ctx.operationId)));
      break;
    }
  }
  return results;
}

/** True when a batch came to nothing because no secret could be delivered any more. */
export function sinkGone(results: readonly RotationResult[]): boolean {
  const failed = results.filter((result) => result.outcome === 'undelivered').length;
  return (
    failed >= 3 && !results.some((result) => result.outcome === 'rotated' || result.outcome === 'unfinished')
  );
}

function notTried(row: KeyRow, operationId: string): RotationResult {
  const error = new KeyctlError({
    code: 'not_tried',
    message: `${row.key.id} was not tried: nothing could be delivered any more`,
    hint: 'keyctl rotate status',
    exitCode: exitCodes.undelivered,
    operationId,
  });
  return settle(targetOf(row), 'failed', error);
}
