import { rotateAbort } from '../../db/kernel-rotation.js';
import { type Context, changeOf } from '../context.js';
import { discardSinks } from '../delivery/stage-secret.js';
import type { ReadyRotation } from './prepare-rotations.js';

/**
 * Aborts rotations and then removes what was staged for them: only then, because another run may just have activated one.
 * Answers for each in words what came of it; never throws.
 */
export async function takeBack(
  ctx: Context,
  rotations: readonly ReadyRotation[],
  reason: string,
): Promise<readonly string[]> {
  if (rotations.length === 0) return [];
  const rotationIds = rotations.map((rotation) => rotation.rotationId);
  try {
    const outcomes = await ctx.db.change(ctx.operationId, (db) =>
      rotateAbort(db, changeOf(ctx), { rotationIds, reason }),
    );
    const words: string[] = [];
    for (const [at, rotation] of rotations.entries()) {
      const aborted = outcomes[at]?.outcome === 'aborted' || outcomes[at]?.outcome === 'already_aborted';
      if (aborted) await discardSinks(rotation.held);
      words.push(
        aborted ? `${rotation.rotationId} was aborted` : `${rotation.rotationId} was finished by another run`,
      );
    }
    return words;
  } catch {
    return rotationIds.map(
      (id) =>
        `${id} could not be aborted and is pending, which is unusable (keyctl rotate resume ${id} or keyctl rotate abort ${id})`,
    );
  }
}
