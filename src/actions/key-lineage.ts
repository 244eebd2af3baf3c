import { familyKeys, type KeyRow } from '../db/reads/keys.js';
import { familyEvents, type LifeEvent } from '../db/reads/lineage.js';
import type { Context } from './context.js';

/** A family: its keys, oldest version first, and what happened to them, oldest first. */
export interface Lineage {
  readonly familyId: string;
  /** The key that was asked for. */
  readonly keyId: string;
  readonly keys: readonly KeyRow[];
  readonly events: readonly LifeEvent[];
}

export async function keyLineage(ctx: Context, row: KeyRow): Promise<Lineage> {
  const { familyId, id } = row.key;
  return {
    familyId,
    keyId: id,
    keys: await ctx.db.query((db) => familyKeys(db, [familyId])),
    events: await ctx.db.query((db) => familyEvents(db, familyId)),
  };
}
