import {
  type CreateAnswer,
  createKey as createInKernel,
  type KeySettings,
  type OwnerInput,
  verification,
} from '../db/kernel.js';
import { exitCodes, KeyctlError } from '../domain/errors.js';
import type { Secret } from '../domain/secret.js';
import { isoTime } from '../domain/stored-time.js';
import {
  fingerprint,
  hashScheme,
  type MintedToken,
  matchesVerifier,
  mintToken,
  verifierOf,
} from '../domain/token.js';
import { type Context, changeOf } from './context.js';
import { type Delivery, deliverKey } from './delivery/deliver-key.js';
import type { IssuedKey, Sink } from './delivery/sink.js';

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
  const minted = mintToken(wanted.prefix, ctx.randomBytes);
  const answer = await register(ctx, minted, wanted);
  const key = issuedKey(ctx, answer, wanted.sinks);
  const done: CreatedKey = { key, repeated: false, status: 'active' };
  if (answer.key_id === minted.id) {
    await deliverKey(ctx, { key, secret: minted.token, sinks: wanted.sinks, held: [] });
    return done;
  }
  if (answer.activated_at !== null) {
    return { key: { ...key, deliveredTo: answer.delivered_to }, repeated: true, status: answer.status };
  }
  if (answer.status !== 'pending') throw endedBefore(key, answer.status);
  await deliverKey(ctx, await recalled(ctx, key, wanted.sinks));
  return done;
}

/** One statement. Its answer names another key than the one minted here when this operation ran before. */
async function register(ctx: Context, minted: MintedToken, wanted: WantedKey): Promise<CreateAnswer> {
  const salt = ctx.randomBytes(16);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const key = {
    id: minted.id,
    prefix: minted.prefix,
    saltHex: hex(salt),
    verifierHex: hex(verifierOf(minted.token, salt)),
    hashScheme,
    fingerprint: fingerprint(minted.token),
  };
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

/** The secret that an earlier run of this operation left in one of the sinks, if it is the one that was registered. */
async function recalled(ctx: Context, key: IssuedKey, sinks: readonly Sink[]): Promise<Delivery> {
  const proof = await ctx.db.query((db) => verification(db, key.keyId));
  const held: Sink[] = [];
  let secret: Secret | null = null;
  for (const sink of sinks) {
    const found = await sink.recall(key.keyId);
    if (found === null || proof?.salt == null || proof.verifier === null) continue;
    if (!matchesVerifier(found, proof.salt, proof.verifier)) continue;
    held.push(sink);
    secret = found;
  }
  if (secret === null) throw secretLost(key);
  return { key, secret, sinks, held };
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
