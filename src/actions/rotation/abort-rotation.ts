import { type AbortOutcome, rotateAbort } from '../../db/kernel-rotation.js';
import type { RotationRow } from '../../db/reads/rotations.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { type Context, changeOf } from '../context.js';

/** What came of giving up a rotation. */
export interface Abortion {
  readonly operationId: string;
  readonly row: RotationRow;
  readonly answer: AbortOutcome;
}

/**
 * Gives up a rotation whose successor never became usable; the old key stays as it is.
 * @throws KeyctlError 4 when the successor is active: what to do then is another thing
 */
export async function abortRotation(
  ctx: Context,
  input: { readonly row: RotationRow; readonly reason: string },
): Promise<Abortion> {
  const { row, reason } = input;
  const [answer] = await ctx.db.change(ctx.operationId, (db) =>
    rotateAbort(db, changeOf(ctx), { rotationIds: [row.rotation_id], reason }),
  );
  if (answer === undefined) throw new RangeError('one rotation has one outcome');
  if (answer.outcome === 'activated') throw activatedError(row);
  return { operationId: ctx.operationId, row, answer };
}

function activatedError({ rotation_id: id, new_key_id: newKeyId, state }: RotationRow): KeyctlError {
  const over = state === 'finalized';
  return new KeyctlError({
    code: 'rotation_activated',
    message: `${id} cannot be aborted: its successor ${newKeyId} is usable${over ? ', and the old key is dead' : ''}`,
    hint: over
      ? `keyctl rotate ${newKeyId}, or keyctl revoke ${newKeyId} --reason "…"`
      : `keyctl rotate extend ${id} --grace 24h keeps the old key longer, keyctl rotate finalize ${id} ends it, keyctl revoke ${newKeyId} ends the new one`,
    exitCode: exitCodes.state,
  });
}
