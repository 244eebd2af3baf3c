import {
  type CreateAnswer,
  createKey as createInKernel,
  type KeySettings,
  type OwnerInput,
} from '../db/kernel-keys.js';
import { exitCodes, KeyctlError } from '../domain/errors.js';
import { isoTime } from '../domain/stored-time.js';
import { type Context, changeOf } from './context.js';
import { deliverKey } from './delivery/deliver-key.js';
import { recallSecret } from './delivery/recall-secret.js';
import type { IssuedKey, Sink } from './delivery/sink.js';
import { type MintedKey, mintKey } from './mint-key.js';

export interface WantedKey {
  readonly prefix: string;
  readonly owner: OwnerInput;
  readonly settings: KeySettings;
  /** At least one. What cannot be taken back (a terminal, a pipe) comes last. */
  readonly sinks: readonly Sink[];
}

export interface CreatedKey {
  readonly key: IssuedKey;
  /** An earlier run of the same operation created it, and its secret was delivered then. */
  readonly repeated: boolean;
  /** As it stands now: `active`, unless it is an earlier run's. */
  readonly status: string;
}

/**
 * Creates a key: registered as `pending`, its secret staged in every sink, activated, committed (DESIGN 5). Killed at
 * any moment, it leaves no live key that nobody holds: a pending one is unusable and shows in `keys list`.
 * @throws KeyctlError 8 when a sink could not take the secret (nothing is active), 75 when nobody knows whether the
 *   delivered key became active, 6 when it is active and a sink could not finish
 */
export async function createKey(ctx: Context, wanted: WantedKey): Promise<CreatedKey> {
  const minted = mintKey(ctx, wanted.prefix);
  const answer = await register(ctx, minted, wanted);
  const key = issuedKey(ctx, answer, wanted.sinks);
  const done: CreatedKey = { key, repeated: false, status: 'active' };
  if (answer.key_id === minted.key.id) {
    await deliverKey(ctx, { key, secret: minted.secret, sinks: wanted.sinks, held: [] });
    return done;
  }
  if (answer.activated_at !== null) {
    return { key: { ...key, deliveredTo: answer.delivered_to }, repeated: true, status: answer.status };
  }
  if (answer.status !== 'pending') throw endedBefore(key, answer.status);
  const recalled = await recallSecret(ctx, key.keyId, wanted.sinks);
  if (recalled === null) throw secretLost(key);
  await deliverKey(ctx, { key, sinks: wanted.sinks, ...recalled });
  return done;
}

/** One statement. Its answer names another key than the one minted here when this operation ran before. */
async function register(ctx: Context, { key }: MintedKey, wanted: WantedKey): Promise<CreateAnswer> {
  const { owner, settings } = wanted;
  return await ctx.db.change(ctx.operationId, (db) =>
    createInKernel(db, changeOf(ctx), { key, owner, settings }),
  );
}

function issuedKey(ctx: Context, answer: CreateAnswer, sinks: readonly Sink[]): IssuedKey {
  return {
    operationId: ctx.operationId,
    keyId: answer.key_id,
    fingerprint: answer.fingerprint,
    name: answer.name,
    version: answer.version,
    scopes: answer.scopes,
    createdAt: isoTime(answer.created_at),
    expiresAt: isoTime(answer.expires_at),
    deliveredTo: sinks.map((sink) => sink.name),
    auditSeq: answer.audit_seq,
  };
}

function secretLost(key: IssuedKey): KeyctlError {
  return new KeyctlError({
    code: 'secret_lost',
    message: `this operation registered ${key.keyId} before, but that run did not get to activating it, and no sink given here holds its secret; it is pending, which is unusable`,
    hint: `unless that run is still at it: keyctl revoke ${key.keyId} --reason "creation cut off before delivery", then create again without --operation-id`,
    exitCode: exitCodes.undelivered,
    operationId: key.operationId,
  });
}

function endedBefore(key: IssuedKey, status: string): KeyctlError {
  return new KeyctlError({
    code: 'undelivered',
    message: `this operation registered ${key.keyId} before, and it was ${status} without ever being active`,
    hint: `keyctl keys show ${key.keyId}; to create another key, run this without --operation-id`,
    exitCode: exitCodes.undelivered,
    operationId: key.operationId,
  });
}
