import { abandonKey, activateKey } from '../../db/kernel-keys.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { type Context, changeOf } from '../context.js';
import type { IssuedKey, Sink } from './sink.js';
import {
  commitSinks,
  type Delivery,
  discardSinks,
  sinkExitCode,
  sinkFailure,
  sinkHint,
  stageSecret,
} from './stage-secret.js';

/**
 * Takes a pending key's secret to all its sinks, and only then activates the key (DESIGN 5). When a sink fails, what
 * was staged is taken back and the key abandoned.
 * @throws KeyctlError 8, 75 or 6, as `createKey`
 */
export async function deliverKey(ctx: Context, { key, secret, sinks, held }: Delivery): Promise<void> {
  const { staged, failed } = await stageSecret({ key, secret, sinks, held });
  if (failed !== null) {
    const why = `its secret could not be delivered to ${failed.sink.name}`;
    throw undelivered(key, failed, await takeBack(ctx, key, staged, why));
  }
  await activate(ctx, key, staged);
  await commit(key, sinks);
}

async function activate(ctx: Context, key: IssuedKey, staged: readonly Sink[]): Promise<void> {
  try {
    await ctx.db.change(ctx.operationId, (db) =>
      activateKey(db, changeOf(ctx), { keyId: key.keyId, deliveredTo: key.deliveredTo }),
    );
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    // What may be active must stay where it was delivered to.
    if (error.outcome === 'unknown') throw activationUnknown(key, error);
    const abandoned = await takeBack(ctx, key, staged, 'it could not be activated after its delivery');
    throw new KeyctlError({
      code: error.code,
      message: `${key.keyId} was delivered, but is NOT active: ${error.message}; ${abandoned}`,
      hint: error.hint ?? `keyctl keys show ${key.keyId}`,
      exitCode: error.exitCode,
      operationId: key.operationId,
      cause: error,
    });
  }
}

async function commit(key: IssuedKey, sinks: readonly Sink[]): Promise<void> {
  const failed = await commitSinks(sinks);
  if (failed.length === 0) return;
  throw new KeyctlError({
    code: 'delivery_unfinished',
    message: `${key.keyId} is active, but its delivery could not be finished: ${failed.join(', ')}`,
    hint: `keyctl keys show ${key.keyId}`,
    exitCode: exitCodes.partial,
    outcome: 'partial',
    operationId: key.operationId,
  });
}

/**
 * Ends the pending key and then removes what was staged: only then, because another run of the same operation may just
 * have activated it. Answers in words what came of it; never throws.
 */
async function takeBack(
  ctx: Context,
  key: IssuedKey,
  staged: readonly Sink[],
  reason: string,
): Promise<string> {
  try {
    await ctx.db.change(ctx.operationId, (db) => abandonKey(db, changeOf(ctx), { keyId: key.keyId, reason }));
  } catch {
    return `${key.keyId} could not be abandoned (keyctl keys show tells how it stands)`;
  }
  await discardSinks(staged);
  return `${key.keyId} was abandoned`;
}

function undelivered(
  key: IssuedKey,
  { sink, error }: { readonly sink: Sink; readonly error: unknown },
  abandoned: string,
): KeyctlError {
  return new KeyctlError({
    code: 'undelivered',
    message: `the secret could not be delivered to ${sink.name}: ${sinkFailure(error)}; nothing was activated, ${abandoned}`,
    hint: sinkHint(sink, error),
    exitCode: sinkExitCode(error),
    operationId: key.operationId,
    cause: error,
  });
}

function activationUnknown(key: IssuedKey, error: KeyctlError): KeyctlError {
  return new KeyctlError({
    code: 'outcome_unknown',
    message: `${key.keyId} was delivered to ${key.deliveredTo.join(', ')}, but nobody knows whether it became active: ${error.message}`,
    hint: `run the same command again with --operation-id ${key.operationId}: it never makes a second key`,
    exitCode: exitCodes.unknown,
    outcome: 'unknown',
    operationId: key.operationId,
    cause: error,
  });
}
