import { type PlannedKey, withPlans } from '../db/reads/key-plans.js';
import { familyKeys, type KeyRow } from '../db/reads/keys.js';
import { familyEvents, type LifeEvent } from '../db/reads/lineage.js';
import { type LivingRotation, livingRotations } from '../db/reads/living-rotations.js';
import type { Context } from './context.js';

/** A family: its keys, oldest version first, and what happened to them, oldest first. */
export interface Lineage {
  readonly familyId: string;
  /** The key that was asked for. */
  readonly keyId: string;
  readonly keys: readonly PlannedKey[];
  readonly events: readonly LifeEvent[];
  /** What is under way. */
  readonly rotations: readonly LivingRotation[];
}

export async function keyLineage(ctx: Context, row: KeyRow): Promise<Lineage> {
  const { familyId, id } = row.key;
  return {
    familyId,
    keyId: id,
    keys: await ctx.db.query(async (db) => withPlans(db, await familyKeys(db, [familyId]))),
    events: await ctx.db.query((db) => familyEvents(db, familyId)),
    rotations: await ctx.db.query((db) => livingRotations(db, familyId)),
  };
}
