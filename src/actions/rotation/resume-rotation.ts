import { type RotationFactsRow, rotationFacts } from '../../db/reads/rotation-facts.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { defaultPrefix } from '../../domain/token.js';
import type { Context } from '../context.js';
import { continued } from './prepare-rotations.js';
import { deliverRotations } from './rotate-batch.js';
import { secretLostError } from './rotation-errors.js';
import type { RotationOrder, RotationResult, RotationTarget } from './rotation-order.js';

/** A rotation with what is told of its successor. @throws RangeError for one that is not there */
export async function factsOf(ctx: Context, rotationId: string): Promise<RotationFactsRow> {
  const [facts] = await ctx.db.query((db) => rotationFacts(db, [rotationId]));
  if (facts === undefined) throw new RangeError('a rotation that was found has facts');
  return facts;
}

/**
 * Finishes a rotation that was cut off: a pending one is activated when a sink still holds its secret, an active one is put
 * into its places. `repeated` when there was nothing left to do.
 * @throws KeyctlError when the secret is nowhere: 8 of a pending rotation, 6 of an active one
 */
export async function resumeRotation(
  ctx: Context,
  facts: RotationFactsRow,
  order: Pick<RotationOrder, 'sinksFor' | 'after'>,
): Promise<RotationResult> {
  const target = oldKeyOf(facts);
  const next = await continued(ctx, target, facts, order);
  if (next === null)
    throw facts.state === 'pending'
      ? secretLostError(facts.rotation_id, ctx.operationId)
      : nowhere(ctx, facts);
  if ('outcome' in next) return next;
  const [result] = await deliverRotations(ctx, [next], order);
  if (result === undefined) throw new RangeError('a rotation that is delivered has a result');
  return result;
}

/** The old key, and what the successor's token begins with. */
function oldKeyOf(facts: RotationFactsRow): RotationTarget {
  return { keyId: facts.key_id, version: facts.version - 1, ...about(facts) };
}

/** The successor itself, for a reissue. */
export function newKeyOf(facts: RotationFactsRow): RotationTarget {
  return { keyId: facts.new_key_id, version: facts.version, ...about(facts) };
}

function about({ name, prefix, owner_email: ownerEmail }: RotationFactsRow) {
  return { name, prefix: prefix ?? defaultPrefix, ownerEmail };
}

function nowhere(ctx: Context, { rotation_id: id, deliver_to: to }: RotationFactsRow): KeyctlError {
  return new KeyctlError({
    code: 'secret_lost',
    message: `${id} is active, but no sink given here holds its secret (it was going to ${to.join(', ')}); the old key is as it was`,
    hint: `keyctl rotate reissue ${id} --deliver … makes a new secret, if nobody used this one`,
    exitCode: exitCodes.partial,
    outcome: 'partial',
    operationId: ctx.operationId,
  });
}
