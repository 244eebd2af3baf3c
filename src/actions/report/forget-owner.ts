import type { Database } from '../../db/database.js';
import { type ForgetAnswer, forgetOwner as forgetInKernel } from '../../db/kernel-owner.js';
import type { KeyRow } from '../../db/reads/keys.js';
import { type Mention, type Owner, ownerByEmail, ownerMentions } from '../../db/reads/report-owner.js';
import { keysOfOwner } from '../../db/reads/selection.js';
import { targetName } from '../../db/settings.js';
import { exitCodes, KeyctlError, notFoundError } from '../../domain/errors.js';
import { type Context, changeOf } from '../context.js';

/** What forgetting would empty, and what it leaves. */
export interface ForgetPlan {
  readonly owner: Owner;
  readonly keys: readonly KeyRow[];
  readonly mentions: readonly Mention[];
}

/** @throws KeyctlError 3 when nobody has this address, naming the database that was looked in */
export async function planForgetting(ctx: Context, email: string): Promise<ForgetPlan> {
  const owner = await ctx.db.query((db) => ownerByEmail(db, email));
  if (owner === null) throw unknownOwner(ctx.db, email);
  const keys = await ctx.db.query((db) => keysOfOwner(db, email.toLowerCase()));
  const mentions = await ctx.db.query((db) => ownerMentions(db, email));
  return { owner, keys, mentions };
}

export interface Forgotten {
  readonly operationId: string;
  readonly answer: ForgetAnswer;
  /** Texts that people wrote and that still hold the address. */
  readonly mentions: readonly Mention[];
}

/** Empties what is personal about an owner (`forget_owner`). Needs keyctl_admin. @throws KeyctlError 3 */
export async function forgetOwner(
  ctx: Context,
  input: { readonly email: string; readonly reason: string },
): Promise<Forgotten> {
  const answer = await named(ctx.db, input.email, () =>
    ctx.db.change(ctx.operationId, (db) => forgetInKernel(db, changeOf(ctx), input)),
  );
  const mentions = await ctx.db.query((db) => ownerMentions(db, input.email));
  return { operationId: ctx.operationId, answer, mentions };
}

/** The kernel says that there is no such owner; people are told where it was looked for. */
export async function named<T>(db: Database, email: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KeyctlError && error.exitCode === exitCodes.notFound) throw unknownOwner(db, email);
    throw error;
  }
}

function unknownOwner(db: Database, email: string): KeyctlError {
  return notFoundError(`an owner ${email}`, targetName(db.target), 'keyctl keys list --sort owner');
}
