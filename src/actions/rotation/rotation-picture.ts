import type { KeyRow } from '../../db/reads/keys.js';
import { firstAccepted, type OldKeyUses, oldKeyUses } from '../../db/reads/old-key-use.js';
import type { RotationRow } from '../../db/reads/rotations.js';
import type { Target } from '../../db/settings.js';
import type { Context } from '../context.js';
import { pairOf } from './replace-key.js';

/** A rotation with everything around it: both keys, and who still presents the old one. */
export interface RotationPicture {
  readonly target: Target;
  readonly row: RotationRow;
  readonly oldKey: KeyRow;
  readonly newKey: KeyRow;
  readonly successorFirstUsedAt: string | null;
  /** Who was let in with the old key since the activation, while it is open; null before it. */
  readonly stragglers: OldKeyUses | null;
  /** Since the old key's end: who was refused, and who was let in all the same; null before it. */
  readonly refusals: OldKeyUses | null;
  readonly acceptedAfterEnd: OldKeyUses | null;
}

/** So many sources are read by a person; programs get them too. */
const mostGroups = 100;

export async function rotationPicture(ctx: Context, row: RotationRow): Promise<RotationPicture> {
  const { oldKey, newKey } = await ctx.db.query((db) => pairOf(db, row.old_key_id, row.new_key_id));
  const uses = async (since: string | null, which: 'accepted' | 'refused') =>
    since === null
      ? null
      : await ctx.db.query((db) =>
          oldKeyUses(db, { keyId: row.old_key_id, since, which, limit: mostGroups }),
        );
  return {
    target: ctx.db.target,
    row,
    oldKey,
    newKey,
    successorFirstUsedAt: await ctx.db.query((db) => firstAccepted(db, row.new_key_id)),
    stragglers: await uses(row.state === 'open' ? row.activated_at : null, 'accepted'),
    refusals: await uses(row.ended_at, 'refused'),
    acceptedAfterEnd: await uses(row.ended_at, 'accepted'),
  };
}
