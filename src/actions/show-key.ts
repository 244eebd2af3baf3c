import { type Spent, spent } from '../db/kernel.js';
import { type KeyUsage, keyUsage, type RateUse, rateUse } from '../db/reads/key-usage.js';
import { familyKeys, type KeyRow } from '../db/reads/keys.js';
import type { Target } from '../db/settings.js';
import type { Context } from './context.js';

/** One key with what is known around it. */
export interface ShownKey {
  readonly target: Target;
  readonly row: KeyRow;
  readonly usage: KeyUsage;
  readonly rate: RateUse;
  /** What its family used this calendar month; null when nothing limits that. */
  readonly spent: Spent | null;
  /** All keys of its family, itself included, oldest version first. */
  readonly family: readonly KeyRow[];
}

/** @param usageSeconds the window of the usage, back from now */
export async function showKey(ctx: Context, row: KeyRow, usageSeconds: number): Promise<ShownKey> {
  const { key } = row;
  return {
    target: ctx.db.target,
    row,
    usage: await ctx.db.query((db) => keyUsage(db, key.id, usageSeconds)),
    rate: await ctx.db.query((db) => rateUse(db, key.id)),
    spent: await spentOfLimits(ctx, row),
    family: await ctx.db.query((db) => familyKeys(db, [key.familyId])),
  };
}

/** Summed from the month's events, so it is asked for only where a quota or budget makes it matter. */
export async function spentOfLimits(
  ctx: Context,
  { key }: KeyRow,
  at: string | null = null,
): Promise<Spent | null> {
  const limited = key.quotaRequests !== null || key.quotaTokens !== null || key.budgetUsd !== null;
  return limited ? await ctx.db.query((db) => spent(db, key.familyId, at)) : null;
}
