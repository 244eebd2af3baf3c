import { type NotPrepared, type Prepared, rotatePrepare } from '../../db/kernel-rotation.js';
import { type RotationFactsRow, rotationFacts } from '../../db/reads/rotation-facts.js';
import { KeyctlError } from '../../domain/errors.js';
import type { Secret } from '../../domain/secret.js';
import { isoTime } from '../../domain/stored-time.js';
import { type Context, changeOf } from '../context.js';
import { recallSecret } from '../delivery/recall-secret.js';
import type { IssuedKey, Sink } from '../delivery/sink.js';
import type { Delivery } from '../delivery/stage-secret.js';
import { type MintedKey, mintKey } from '../mint-key.js';
import {
  abortedBeforeError,
  noDestinationError,
  notPreparedError,
  secretLostError,
  successorDeadError,
} from './rotation-errors.js';
import { type RotationOrder, type RotationResult, type RotationTarget, settle } from './rotation-order.js';

/** A registered successor and its secret, on the way to its sinks. */
export interface ReadyRotation extends Omit<Delivery, 'secret'> {
  readonly target: RotationTarget;
  readonly rotationId: string;
  /** Activated by an earlier run: only its delivery has to be finished. */
  readonly active: boolean;
  /** Null only of an active one, when its sinks cannot be read: they finish without it. */
  readonly secret: Secret | null;
}

export interface PreparedRotations {
  readonly ready: readonly ReadyRotation[];
  readonly settled: readonly RotationResult[];
}

interface Candidate {
  readonly target: RotationTarget;
  readonly minted: MintedKey;
  readonly sinks: readonly Sink[];
}

/** Mints successors for at most 100 keys and registers them, in one statement. A dead run's successor goes on if its secret is found. */
export async function prepareRotations(
  ctx: Context,
  targets: readonly RotationTarget[],
  order: RotationOrder,
): Promise<PreparedRotations> {
  const settled: RotationResult[] = [];
  const candidates: Candidate[] = [];
  for (const target of targets) {
    const minted = mintKey(ctx, target.prefix);
    const sinks = await placesOf(ctx, target, minted.key.id, order);
    if ('outcome' in sinks) settled.push(sinks);
    else candidates.push({ target, minted, sinks });
  }
  const first = await register(ctx, candidates, order);
  const abandoned = first.lost.length === 0 ? none : await register(ctx, first.lost, giveUpDead(order));
  return {
    ready: [...first.ready, ...abandoned.ready],
    settled: [...settled, ...first.settled, ...abandoned.settled],
  };
}

/** Of one key; that it has no place, or one that cannot be, is no failure of the others. */
async function placesOf(
  ctx: Context,
  target: RotationTarget,
  newKeyId: string,
  { sinksFor }: RotationOrder,
): Promise<readonly Sink[] | RotationResult> {
  try {
    const sinks = await sinksFor(outgoing(target, newKeyId));
    return sinks ?? settle(target, 'refused', noDestinationError(target.keyId, ctx.operationId));
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    return settle(target, 'refused', error);
  }
}

interface Registered extends PreparedRotations {
  /** Keys with a dead pending successor whose secret is nowhere: it has to be given up first. */
  readonly lost: readonly Candidate[];
}

const none: Registered = { ready: [], settled: [], lost: [] };

function giveUpDead(order: RotationOrder): RotationOrder {
  return { ...order, options: { ...order.options, abandon_dead: true } };
}

async function register(
  ctx: Context,
  candidates: readonly Candidate[],
  order: RotationOrder,
): Promise<Registered> {
  if (candidates.length === 0) return none;
  const items = candidates.map(({ target, minted, sinks }) => ({
    keyId: target.keyId,
    version: target.version,
    successor: minted.key,
    deliverTo: sinks.map((sink) => sink.name),
  }));
  const { options, reason } = order;
  const outcomes = await ctx.db.change(ctx.operationId, (db) =>
    rotatePrepare(db, changeOf(ctx), { items, options, reason }),
  );
  await ctx.reached('rotate.prepared');

  const done = { ready: [] as ReadyRotation[], settled: [] as RotationResult[], lost: [] as Candidate[] };
  for (const [at, outcome] of outcomes.entries()) {
    const candidate = candidates[at];
    if (candidate === undefined) continue;
    const next = await follow(ctx, candidate, outcome, order);
    if (next === 'lost') done.lost.push(candidate);
    else if ('outcome' in next) done.settled.push(next);
    else done.ready.push(next);
  }
  return done;
}

/** What comes next for a key: its delivery, the end of it, or `lost`: a dead successor stands in the way. */
async function follow(
  ctx: Context,
  { target, minted, sinks }: Candidate,
  outcome: Prepared | NotPrepared,
  order: RotationOrder,
): Promise<ReadyRotation | RotationResult | 'lost'> {
  if (outcome.outcome === 'prepared' && outcome.new_key_id === minted.key.id) {
    const key = issuedKey(ctx, outcome, sinks);
    const { secret } = minted;
    return { target, rotationId: outcome.rotation_id, key, secret, sinks, held: [], active: false };
  }
  const earlier = outcome.outcome === 'prepared';
  if (earlier || (outcome.outcome === 'pending_open' && outcome.dead)) {
    const [facts] = await ctx.db.query((db) => rotationFacts(db, [outcome.rotation_id]));
    const found = facts === undefined ? null : await continued(ctx, target, facts, order);
    return found ?? (earlier ? lostSecret(ctx, target, outcome.rotation_id) : 'lost');
  }
  const skipped = order.options.due === true && ['busy', 'not_due'].includes(outcome.outcome);
  return settle(target, skipped ? 'skipped' : 'refused', notPreparedError(outcome, ctx.operationId));
}

function lostSecret(ctx: Context, target: RotationTarget, rotationId: string): RotationResult {
  return settle(target, 'undelivered', secretLostError(rotationId, ctx.operationId));
}

/**
 * Goes on where an earlier run stopped, as far as the sinks hold what it staged; null when its secret is nowhere.
 * @param facts of the rotation that it prepared
 */
export async function continued(
  ctx: Context,
  target: RotationTarget,
  facts: RotationFactsRow,
  order: Pick<RotationOrder, 'sinksFor'>,
): Promise<ReadyRotation | RotationResult | null> {
  const sinks = (await order.sinksFor(outgoing(target, facts.new_key_id))) ?? [];
  const key = issuedKey(ctx, facts, sinks.length === 0 ? null : sinks);
  if (facts.state === 'aborted') {
    return settle(target, 'undelivered', abortedBeforeError(facts.rotation_id, ctx.operationId));
  }
  const active = facts.state !== 'pending';
  if (active && !facts.commit_pending) return { ...settle(target, 'repeated', null), key };
  // A reissue took its place: its secret is dead, and must not be put where the living one stands.
  if (active && ['replaced', 'revoked'].includes(facts.new_status))
    return settle(target, 'refused', successorDeadError(facts, ctx.operationId));
  const recalled = await recallSecret(ctx, facts.new_key_id, sinks);
  // What it was going to took it before the activation; only what changes in place has to be found again, by itself.
  const took =
    active && sinks.length > 0 && facts.deliver_to.every((name) => sinks.some((sink) => sink.name === name));
  if (recalled === null && !took && (!active || !sinks.some((sink) => sink.adopt !== undefined))) return null;
  return { target, rotationId: facts.rotation_id, key, sinks, active, secret: null, held: [], ...recalled };
}

function outgoing(target: RotationTarget, newKeyId: string) {
  const { name, prefix, ownerEmail, keyId: oldKeyId } = target;
  return { keyId: newKeyId, name, prefix, ownerEmail, oldKeyId };
}

/** @param sinks null: as they were when it was prepared */
function issuedKey(
  ctx: Context,
  from: Prepared | RotationFactsRow,
  sinks: readonly Sink[] | null,
): IssuedKey {
  const recorded = 'deliver_to' in from ? from.deliver_to : [];
  return {
    operationId: ctx.operationId,
    keyId: from.new_key_id,
    fingerprint: from.fingerprint,
    name: from.name,
    version: from.version,
    scopes: from.scopes,
    createdAt: isoTime(from.created_at),
    expiresAt: isoTime(from.expires_at),
    deliveredTo: sinks?.map((sink) => sink.name) ?? recorded,
    auditSeq: from.audit_seq,
    rotation: {
      rotationId: from.rotation_id,
      oldKeyId: from.key_id,
      oldFingerprint: from.old_fingerprint,
      oldKeyStatus: from.old_key_status,
      graceEndsAt: isoTime(from.grace_ends_at),
    },
  };
}
