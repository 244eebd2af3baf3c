import { abandonKey, activateKey } from '../../db/kernel.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import type { Secret } from '../../domain/secret.js';
import { type Context, changeOf } from '../context.js';
import { type IssuedKey, type Sink, SinkError } from './sink.js';

export interface Delivery {
  readonly key: IssuedKey;
  readonly secret: Secret;
  /** What cannot be taken back (a terminal, a pipe) comes last. */
  readonly sinks: readonly Sink[];
  /** Sinks that hold the secret from an earlier run. */
  readonly held: readonly Sink[];
}

/**
 * Takes a pending key's secret to all its sinks, and only then activates the key (DESIGN 5). When a sink fails, what
 * was staged is taken back and the key abandoned.
 * @throws KeyctlError 8, 75 or 6, as `createKey`
 */
export async function deliverKey(ctx: Context, { key, secret, sinks, held }: Delivery): Promise<void> {
  const staged = [...held];
  for (const sink of sinks.filter((each) => !held.includes(each))) {
    try {
      await sink.stage(secret, key);
      staged.push(sink);
    } catch (error) {
      const why = `its secret could not be delivered to ${sink.name}`;
      throw undelivered(key, sink, error, await takeBack(ctx, key, staged, why));
    }
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
  const failed: string[] = [];
  for (const sink of sinks) {
    await sink.commit().catch((error: unknown) => failed.push(`${sink.name} (${reasonOf(error)})`));
  }
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
  for (const sink of staged) await sink.discard().catch(() => {});
  return `${key.keyId} was abandoned`;
}

function undelivered(key: IssuedKey, sink: Sink, error: unknown, abandoned: string): KeyctlError {
  return new KeyctlError({
    code: 'undelivered',
    message: `the secret could not be delivered to ${sink.name}: ${reasonOf(error)}; nothing was activated, ${abandoned}`,
    hint: error instanceof SinkError ? error.hint : `--deliver file:PATH instead of ${sink.name}`,
    exitCode: exitCodes.undelivered,
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

function reasonOf(error: unknown): string {
  if (error instanceof SinkError || error instanceof KeyctlError) return error.message;
  return error instanceof Error && 'code' in error ? String(error.code) : 'for an unknown reason';
}
