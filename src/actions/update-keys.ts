import { type KeySettings, type OwnerInput, type UpdateAnswer, updateKey } from '../db/kernel-keys.js';
import type { KeyRow } from '../db/reads/keys.js';
import { ownerEmails } from '../db/reads/owners.js';
import { type Context, changeOf } from './context.js';
import { type Changes, changeEach, type KeyOutcome } from './each-key.js';

export interface Updates extends Changes<UpdateAnswer> {
  /** E-mail addresses of the owner ids in the answers: the chain and the kernel's answers name nobody. */
  readonly owners: ReadonlyMap<string, string | null>;
}

/** Gives all the keys the same settings; each answers what it had before and has now. */
export async function updateKeys(
  ctx: Context,
  input: {
    readonly keys: readonly KeyRow[];
    readonly settings: KeySettings;
    readonly owner: OwnerInput | null;
    readonly reason: string;
  },
): Promise<Updates> {
  const { keys, settings, owner, reason } = input;
  const changes = await changeEach(ctx, keys, (db, keyId) =>
    updateKey(db, changeOf(ctx), { keyId, settings, owner, reason }),
  );
  const ids = changes.outcomes.flatMap(ownerIdsOf);
  // The change is made: an address that cannot be read any more is no reason to call it failed.
  const owners = await ctx.db.query((db) => ownerEmails(db, ids)).catch(() => new Map<string, null>());
  return { ...changes, owners };
}

function ownerIdsOf({ answer }: KeyOutcome<UpdateAnswer>): string[] {
  return [answer?.before.owner_id, answer?.after.owner_id].filter((id) => typeof id === 'string');
}
