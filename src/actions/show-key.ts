import { type Spent, spent } from '../db/kernel-decisions.js';
import { type EffectiveLimits, effectiveLimits } from '../db/reads/effective-limits.js';
import { type IncidentRow, incidentsOfKey } from '../db/reads/incidents.js';
import { type PlannedKey, withPlans } from '../db/reads/key-plans.js';
import { type KeyUsage, keyUsage, type RateUse, rateUse } from '../db/reads/key-usage.js';
import { familyKeys, type KeyRow } from '../db/reads/keys.js';
import { type LivingRotation, livingRotations } from '../db/reads/living-rotations.js';
import type { Target } from '../db/settings.js';
import type { Context } from './context.js';

/** One key with what is known around it. */
export interface ShownKey {
  readonly target: Target;
  readonly row: PlannedKey;
  /** Those that hold now. */
  readonly limits: EffectiveLimits;
  readonly usage: KeyUsage;
  readonly rate: RateUse;
  /** What its family used this calendar month; null when nothing limits that. */
  readonly spent: Spent | null;
  /** All keys of its family, itself included, oldest version first. */
  readonly family: readonly KeyRow[];
  /** What is under way in it. */
  readonly rotations: readonly LivingRotation[];
  /** That it is linked to, newest first. */
  readonly incidents: readonly IncidentRow[];
}

/** @param usageSeconds the window of the usage, back from now */
export async function showKey(ctx: Context, row: KeyRow, usageSeconds: number): Promise<ShownKey> {
  const { key } = row;
  const [planned] = await ctx.db.query((db) => withPlans(db, [row]));
  if (planned === undefined) throw new RangeError('a plan for each key');
  return {
    target: ctx.db.target,
    row: planned,
    limits: await ctx.db.query((db) => effectiveLimits(db, key.id)),
    usage: await ctx.db.query((db) => keyUsage(db, key.id, usageSeconds)),
    rate: await ctx.db.query((db) => rateUse(db, key.id)),
    spent: await spentOfLimits(ctx, row),
    family: await ctx.db.query((db) => familyKeys(db, [key.familyId])),
    rotations: await ctx.db.query((db) => livingRotations(db, key.familyId)),
    incidents: await ctx.db.query((db) => incidentsOfKey(db, key.id)),
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
