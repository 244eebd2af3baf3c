import { rotateAbort } from '../../db/kernel-rotation.js';
import { type RotationFactsRow, rotationFacts } from '../../db/reads/rotation-facts.js';
import { type UnfinishedRotation, unfinishedRotations } from '../../db/reads/unfinished-rotations.js';
import { derivedOperation } from '../../domain/derived-operation.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { defaultPrefix } from '../../domain/token.js';
import { type Context, changeOf } from '../context.js';
import type { DueLine } from './due-line.js';
import { continued, type ReadyRotation } from './prepare-rotations.js';
import { deliverRotations } from './rotate-batch.js';
import { type RotationOrder, type RotationResult, type RotationTarget, settle } from './rotation-order.js';

interface Left {
  readonly target: RotationTarget;
  readonly facts: RotationFactsRow;
  readonly pending: boolean;
}

/**
 * Finishes what earlier runs left behind, as far as the sinks of this run hold what was staged. A successor that was never
 * delivered and whose secret is nowhere is given up, so that its key can be rotated anew; one that is active already
 * stays as it is, and is said.
 */
export async function* resumeUnfinished(
  given: Context,
  order: RotationOrder,
  stopAsked: () => boolean,
): AsyncGenerator<readonly DueLine[]> {
  // Of its own, because the same key may be aborted again when its new rotation cannot be delivered either.
  const ctx = { ...given, operationId: derivedOperation(given.operationId, 'unfinished') };
  let after: string | null = null;
  while (!stopAsked()) {
    const page: readonly UnfinishedRotation[] = await ctx.db.query((db) =>
      unfinishedRotations(db, { after, limit: 100 }),
    );
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.rotationId;
    yield await resumePage(ctx, page, order);
  }
}

async function resumePage(
  ctx: Context,
  page: readonly UnfinishedRotation[],
  order: RotationOrder,
): Promise<readonly DueLine[]> {
  const ids = page.map((each) => each.rotationId);
  const of = new Map(page.map((each) => [each.rotationId, each]));
  const ready: ReadyRotation[] = [];
  const lost: Left[] = [];
  const settled: RotationResult[] = [];
  for (const facts of await ctx.db.query((db) => rotationFacts(db, ids))) {
    const rotation = of.get(facts.rotation_id);
    if (rotation === undefined) continue;
    const left = { target: targetOf(rotation, facts), facts, pending: rotation.pending };
    const next = await continued(ctx, left.target, facts, order);
    if (next === null && left.pending) lost.push(left);
    else if (next === null) settled.push(elsewhere(ctx, left));
    // Another run finished or aborted it meanwhile, and tells it.
    else if (!('outcome' in next)) ready.push(next);
  }
  const results = [...settled, ...(await deliverRotations(ctx, ready, order)).map(byAnother)];
  const lines = results.map((result): DueLine => ({ kind: 'rotation', resumed: true, result }));
  return [...lines, ...(await giveUp(ctx, lost))];
}

function targetOf(
  { oldKeyId, oldName, oldVersion }: UnfinishedRotation,
  facts: RotationFactsRow,
): RotationTarget {
  return {
    keyId: oldKeyId,
    version: oldVersion,
    name: oldName,
    prefix: facts.prefix ?? defaultPrefix,
    ownerEmail: facts.owner_email,
  };
}

/** Two runs at once may go on with the same one; who comes second finds it done. */
function byAnother(result: RotationResult): RotationResult {
  return result.error?.code === 'not_activated' ? { ...result, outcome: 'skipped' } : result;
}

/** Active, and the last part of its delivery was meant for other sinks than those of this run. */
function elsewhere(ctx: Context, { target, facts }: Left): RotationResult {
  const error = new KeyctlError({
    code: 'delivery_unfinished',
    message: `${facts.new_key_id} is active, but its delivery to ${facts.deliver_to.join(', ')} was never finished, and no sink given here holds its secret`,
    hint: `keyctl rotate resume ${facts.rotation_id}`,
    exitCode: exitCodes.partial,
    operationId: ctx.operationId,
  });
  return settle(target, 'skipped', error);
}

async function giveUp(ctx: Context, lost: readonly Left[]): Promise<readonly DueLine[]> {
  if (lost.length === 0) return [];
  const rotationIds = lost.map(({ facts }) => facts.rotation_id);
  const reason = 'its run died before the delivery, and its secret is nowhere to be found';
  const outcomes = await ctx.db.change(ctx.operationId, (db) =>
    rotateAbort(db, changeOf(ctx), { rotationIds, reason }),
  );
  const aborted = lost.map((left, at) => ({ left, answer: outcomes[at] }));
  return aborted
    .filter(({ answer }) => answer?.outcome === 'aborted')
    .map(({ left: { target, facts }, answer }) => ({
      kind: 'aborted',
      operationId: ctx.operationId,
      target,
      rotationId: facts.rotation_id,
      successorId: facts.new_key_id,
      auditSeq: answer?.audit_seq ?? null,
    }));
}
