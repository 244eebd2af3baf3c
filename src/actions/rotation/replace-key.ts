import type { Executor } from '../../db/kernel.js';
import { type Activated, type PrepareOptions, rotateReplace } from '../../db/kernel-rotation.js';
import { findCandidates, type KeyRow } from '../../db/reads/keys.js';
import { type RotationRow, rotationsOfOperation, selectRotations } from '../../db/reads/rotations.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { type Context, changeOf } from '../context.js';
import { findKeys } from '../find-keys.js';
import { withHint } from './with-hint.js';

/** An old key, and the one that is to take over from it. */
export interface KeyPair {
  readonly oldKey: KeyRow;
  readonly newKey: KeyRow;
}

/** What came of a replacement; the keys as they are after it. */
export interface Replacement extends KeyPair {
  readonly operationId: string;
  readonly answer: Activated;
}

/**
 * The keys that OLD and NEW mean. A name means another key once its family has a new one, so a repeated operation means
 * the keys it meant the first time.
 * @throws KeyctlError 3, 2 as `findKeys`; 4 when both are one key
 */
export async function pairMeant(
  ctx: Context,
  typed: readonly [old: string, next: string],
  options: { readonly interactive: boolean; readonly operationId: string | undefined },
): Promise<KeyPair> {
  const { interactive, operationId } = options;
  const before = operationId === undefined ? null : await replacedBefore(ctx, operationId);
  if (before !== null) {
    return await ctx.db.query((db) => pairOf(db, before.old_key_id, before.new_key_id));
  }
  const [old] = await findKeys(ctx, [typed[0]], { interactive });
  const [next] = await findKeys(ctx, [typed[1]], { interactive });
  if (old === undefined || next === undefined) throw new RangeError('a KEY that is found is one key');
  if (old.row.key.id === next.row.key.id) throw sameKeyError(old.row);
  return { oldKey: old.row, newKey: next.row };
}

/**
 * Makes NEW the successor of OLD, in its family.
 * @throws KeyctlError 4 when NEW is not active and alone in its family, OLD has a successor, or a rotation is in the way
 */
export async function replaceKey(
  ctx: Context,
  pair: KeyPair,
  input: {
    readonly options: Pick<PrepareOptions, 'grace_seconds' | 'compromised' | 'force'>;
    readonly reason: string;
  },
): Promise<Replacement> {
  const [oldKeyId, newKeyId] = [pair.oldKey.key.id, pair.newKey.key.id];
  // The keys are read in the same breath: a session lost between the two asks for the answer again, and says so if it cannot.
  const change = ctx.db.change(ctx.operationId, async (db) => {
    const answer = await rotateReplace(db, changeOf(ctx), { ...input, oldKeyId, newKeyId });
    return { answer, ...(await pairOf(db, oldKeyId, newKeyId)) };
  });
  const done = await withHint(change, `keyctl keys lineage ${oldKeyId}, keyctl keys lineage ${newKeyId}`);
  return { operationId: ctx.operationId, ...done };
}

async function replacedBefore(ctx: Context, operationId: string): Promise<RotationRow | null> {
  const rotationIds = await ctx.db.query((db) => rotationsOfOperation(db, operationId, 'rotation.activated'));
  if (rotationIds.length === 0) return null;
  const rows = await ctx.db.query((db) => selectRotations(db, { rotationIds }));
  return rows.find((row) => row.kind === 'replace') ?? null;
}

/** Both keys as they are now. */
export async function pairOf(db: Executor, oldKeyId: string, newKeyId: string): Promise<KeyPair> {
  const rows = await findCandidates(db, { ids: [oldKeyId, newKeyId] });
  const oldKey = rows.find(({ key }) => key.id === oldKeyId);
  const newKey = rows.find(({ key }) => key.id === newKeyId);
  if (oldKey === undefined || newKey === undefined) throw new RangeError('keys are never deleted');
  return { oldKey, newKey };
}

function sameKeyError({ key }: KeyRow): KeyctlError {
  return new KeyctlError({
    code: 'refused_by_state',
    message: `OLD and NEW are both ${key.id} (${key.name}): a key cannot replace itself`,
    hint: `keyctl keys list, then give the ids: keyctl rotate replace ${key.id} key_…`,
    exitCode: exitCodes.state,
  });
}
