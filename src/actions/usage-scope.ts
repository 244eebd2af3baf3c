import { familyKeys, type KeyRow } from '../db/reads/keys.js';
import { keysOfOwner, keysOfUserId } from '../db/reads/selection.js';
import { targetName } from '../db/settings.js';
import { notFoundError } from '../domain/errors.js';
import type { Context } from './context.js';
import { findKeys } from './find-keys.js';

/** Whose usage is asked for, as typed. */
export interface UsageChoice {
  readonly key?: string | undefined;
  /** All versions of the KEY's family instead of the one. */
  readonly family?: boolean | undefined;
  readonly owner?: string | undefined;
  readonly userId?: string | undefined;
}

/**
 * Whose usage is meant. `rows` null: of all keys; `key` only when one KEY was named. `owner`: the e-mail, of several people the
 * user id that they share.
 */
export interface UsageScope {
  readonly where: string;
  readonly rows: readonly KeyRow[] | null;
  readonly key: KeyRow | null;
  readonly familyId: string | null;
  readonly owner: string | null;
}

/** Dead keys count too: what was done with them is what is asked after a leak. @throws KeyctlError 3, 2 (KEY not clear) */
export async function usageScope(
  ctx: Context,
  choice: UsageChoice,
  options: { readonly interactive: boolean },
): Promise<UsageScope> {
  const where = targetName(ctx.db.target);
  const whole = { where, rows: null, key: null, familyId: null, owner: null };
  if (choice.owner !== undefined) {
    const owner = choice.owner.toLowerCase();
    const rows = await ctx.db.query((db) => keysOfOwner(db, owner));
    if (rows.length === 0) throw notFoundError(`a key of ${owner}`, where, 'keyctl keys list');
    return { ...whole, rows, owner };
  }
  const { userId } = choice;
  if (userId !== undefined) {
    const rows = await ctx.db.query((db) => keysOfUserId(db, userId));
    if (rows.length === 0) throw notFoundError(`a key of user id ${userId}`, where, 'keyctl keys list');
    const emails = new Set(rows.map(({ owner }) => owner?.email));
    const [email] = emails;
    return { ...whole, rows, owner: (emails.size === 1 ? email : null) ?? userId };
  }
  if (choice.key === undefined) return whole;
  const [found] = await findKeys(ctx, [choice.key], options);
  if (found === undefined) return whole;
  const { row: key } = found;
  if (choice.family !== true) return { ...whole, rows: [key], key };
  const rows = await ctx.db.query((db) => familyKeys(db, [key.key.familyId]));
  return { ...whole, rows, key, familyId: key.key.familyId };
}
