import { exitCodes, KeyctlError } from '../../domain/errors.js';
import type { Context } from '../context.js';
import { type Staging, sinkExitCode, sinkFailure, sinkHint, stageSecret } from '../delivery/stage-secret.js';
import { inParallel } from './in-parallel.js';
import type { ReadyRotation } from './prepare-rotations.js';
import { type RotationResult, settle } from './rotation-order.js';
import { takeBack } from './take-back.js';

export interface StagedRotations {
  readonly staged: readonly ReadyRotation[];
  readonly settled: readonly RotationResult[];
}

/**
 * Takes the secrets to their sinks, eight at a time: what takes long is waiting for disks, and more at once gain nothing
 * (0.3 to 0.4 ms a file either way). After three failures without a
 * success the place is taken to be gone and the rest is not tried. What could not be delivered is aborted, in one
 * statement.
 */
export async function stageRotations(
  ctx: Context,
  ready: readonly ReadyRotation[],
): Promise<StagedRotations> {
  let failuresInARow = 0;
  const stagings = await inParallel(ready, 8, async (rotation): Promise<Staging | null> => {
    const { secret } = rotation;
    if (failuresInARow >= 3 || secret === null) return null;
    const staging = await stageSecret({ ...rotation, secret });
    failuresInARow = staging.failed === null ? 0 : failuresInARow + 1;
    return staging;
  });
  await ctx.reached('rotate.staged');

  const staged = ready.filter((_rotation, at) => stagings[at]?.failed === null);
  const lost = ready.flatMap((rotation, at) => {
    const staging = stagings[at] ?? { staged: [], failed: null };
    return staging.failed === null && staged.includes(rotation) ? [] : [{ rotation, staging }];
  });
  const words = await takeBack(
    ctx,
    lost.map(({ rotation, staging }) => ({ ...rotation, held: staging.staged })),
    'its secret could not be delivered',
  );
  return {
    staged,
    settled: lost.map(({ rotation, staging }, at) => ({
      ...settle(rotation.target, 'undelivered', undelivered(rotation, staging, words[at] ?? '')),
      key: rotation.key,
    })),
  };
}

function undelivered({ key, target }: ReadyRotation, { failed }: Staging, takenBack: string): KeyctlError {
  const why =
    failed === null
      ? `the secret of the successor of ${target.keyId} was not taken anywhere: the deliveries before it failed`
      : `the secret of the successor of ${target.keyId} could not be delivered to ${failed.sink.name}: ${sinkFailure(failed.error)}`;
  return new KeyctlError({
    code: 'undelivered',
    message: `${why}; nothing was activated, the old key is as it was, ${takenBack}`,
    hint: failed === null ? 'keyctl rotate status' : sinkHint(failed.sink, failed.error),
    exitCode: failed === null ? exitCodes.undelivered : sinkExitCode(failed.error),
    operationId: key.operationId,
    ...(failed === null ? {} : { cause: failed.error }),
  });
}
