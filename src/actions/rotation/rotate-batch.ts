import { type Activated, type NotActivated, rotateActivate } from '../../db/kernel-rotation.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { isoTime } from '../../domain/stored-time.js';
import { type Context, changeOf } from '../context.js';
import { finishRotations } from './finish-rotations.js';
import { prepareRotations, type ReadyRotation } from './prepare-rotations.js';
import { notActivatedError } from './rotation-errors.js';
import { type RotationOrder, type RotationResult, type RotationTarget, settle } from './rotation-order.js';
import { stageRotations } from './stage-rotations.js';
import { takeBack } from './take-back.js';

/**
 * Rotates at most 100 keys (DESIGN 5): successors are registered, their secrets staged in every sink, activated, put into
 * their places. Three statements for all of them. Killed at any moment, each old key is usable until its successor is
 * delivered, and no live key is held by nobody. Answers one result for each key, in their order; throws only when the
 * database could not be asked to prepare anything.
 */
export async function rotateBatch(
  ctx: Context,
  targets: readonly RotationTarget[],
  order: RotationOrder,
): Promise<readonly RotationResult[]> {
  const prepared = await prepareRotations(ctx, targets, order);
  const results = [...prepared.settled, ...(await deliverRotations(ctx, prepared.ready, order))];
  const place = new Map(targets.map((target, at) => [target.keyId, at]));
  return results.sort((a, b) => (place.get(a.target.keyId) ?? 0) - (place.get(b.target.keyId) ?? 0));
}

/** From a registered successor to one in use; also what `rotate resume` does. */
export async function deliverRotations(
  ctx: Context,
  ready: readonly ReadyRotation[],
  order: Pick<RotationOrder, 'after' | 'probe'>,
): Promise<readonly RotationResult[]> {
  const { staged, settled } = await stageRotations(
    ctx,
    ready.filter((rotation) => !rotation.active),
  );
  const { active, results } = await activate(ctx, staged, order);
  const begun = ready.filter((rotation) => rotation.active).map((rotation) => ({ rotation, ended: [] }));
  const finished = await finishRotations(ctx, [...begun, ...active], order);
  return [...settled, ...results, ...finished];
}

export interface ActiveRotation {
  readonly rotation: ReadyRotation;
  readonly ended: readonly string[];
}

async function activate(
  ctx: Context,
  staged: readonly ReadyRotation[],
  { after, probe }: Pick<RotationOrder, 'after' | 'probe'>,
): Promise<{ readonly active: readonly ActiveRotation[]; readonly results: readonly RotationResult[] }> {
  if (staged.length === 0) return { active: [], results: [] };
  const items = staged.map(({ rotationId, key, sinks }) => ({
    rotationId,
    deliveredTo: key.deliveredTo,
    // Whoever reloads or tries the new key first needs the old one until then.
    inPlace: after !== undefined || probe !== undefined || sinks.some((sink) => sink.inPlace),
  }));
  let outcomes: readonly (Activated | NotActivated)[];
  try {
    outcomes = await ctx.db.change(ctx.operationId, (db) => rotateActivate(db, changeOf(ctx), { items }));
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    return { active: [], results: await notActivated(ctx, staged, error) };
  }
  await ctx.reached('rotate.activated');

  const active: ActiveRotation[] = [];
  const refused: { rotation: ReadyRotation; why: NotActivated }[] = [];
  for (const [at, outcome] of outcomes.entries()) {
    const rotation = staged[at];
    if (rotation === undefined) continue;
    if (outcome.outcome === 'activated') active.push(activated(rotation, outcome));
    else refused.push({ rotation, why: outcome });
  }
  await takeBack(
    ctx,
    refused.map(({ rotation }) => ({ ...rotation, held: rotation.sinks })),
    'it could not be activated after its delivery',
  );
  const results = refused.map(({ rotation, why }) =>
    failed(rotation, 'refused', notActivatedError(why, rotation.target.keyId, ctx.operationId)),
  );
  return { active, results };
}

function activated(rotation: ReadyRotation, answer: Activated): ActiveRotation {
  const { key } = rotation;
  if (key.rotation === undefined) return { rotation, ended: [] };
  const facts = {
    ...key.rotation,
    oldKeyStatus: answer.old_key_status,
    graceEndsAt: isoTime(answer.grace_ends_at),
  };
  return {
    rotation: { ...rotation, key: { ...key, rotation: facts } },
    ended: answer.ended.map((ended) => ended.key_id),
  };
}

/** Whether they are active is unknown, then nothing may be removed; or it is certain that they are not. */
async function notActivated(
  ctx: Context,
  staged: readonly ReadyRotation[],
  error: KeyctlError,
): Promise<readonly RotationResult[]> {
  if (error.outcome === 'unknown') {
    return staged.map((rotation) => failed(rotation, 'unknown', activationUnknown(rotation, error)));
  }
  const words = await takeBack(
    ctx,
    staged.map((rotation) => ({ ...rotation, held: rotation.sinks })),
    'it could not be activated after its delivery',
  );
  return staged.map((rotation, at) =>
    failed(
      rotation,
      'failed',
      new KeyctlError({
        code: error.code,
        message: `${rotation.target.keyId} was not rotated: ${error.message}; the old key is as it was, ${words[at]}`,
        hint: error.hint ?? `keyctl rotate status ${rotation.target.keyId}`,
        exitCode: error.exitCode,
        operationId: ctx.operationId,
        cause: error,
      }),
    ),
  );
}

function activationUnknown({ key, target, rotationId }: ReadyRotation, error: KeyctlError): KeyctlError {
  const { operationId } = key;
  return new KeyctlError({
    code: error.exitCode === exitCodes.interrupted ? error.code : 'outcome_unknown',
    message: `the successor of ${target.keyId} was delivered to ${key.deliveredTo.join(', ')}, but nobody knows whether ${rotationId} became active: ${error.message}`,
    hint: `run the same command again with --operation-id ${operationId}: it never makes a second successor`,
    exitCode: error.exitCode === exitCodes.interrupted ? exitCodes.interrupted : exitCodes.unknown,
    outcome: 'unknown',
    operationId,
    cause: error,
  });
}

function failed(
  { target, key }: ReadyRotation,
  outcome: RotationResult['outcome'],
  error: KeyctlError,
): RotationResult {
  return { ...settle(target, outcome, error), key };
}
