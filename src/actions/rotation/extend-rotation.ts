import { type ExtendAnswer, rotateExtend } from '../../db/kernel-rotation.js';
import type { RotationRow } from '../../db/reads/rotations.js';
import { type Context, changeOf } from '../context.js';
import { withHint } from './with-hint.js';

/** What came of moving the end of a grace. */
export interface Extension {
  readonly operationId: string;
  readonly row: RotationRow;
  readonly answer: ExtendAnswer;
}

/**
 * Moves the end of a grace that is running to now and `graceSeconds`, by the database's clock, never beyond the old key's
 * own end.
 * @throws KeyctlError 4 when no grace is running or the key is compromised, 2 when the end would come earlier
 */
export async function extendRotation(
  ctx: Context,
  input: { readonly row: RotationRow; readonly graceSeconds: number; readonly reason: string },
): Promise<Extension> {
  const { row, graceSeconds, reason } = input;
  const { rotation_id: rotationId } = row;
  const change = ctx.db.change(ctx.operationId, (db) =>
    rotateExtend(db, changeOf(ctx), { rotationId, graceSeconds, reason }),
  );
  const answer = await withHint(change, `keyctl rotate status ${rotationId}`);
  return { operationId: ctx.operationId, row, answer };
}
