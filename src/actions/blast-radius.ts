import { type RecentUse, recentUse } from '../db/reads/blast-radius.js';
import { familyKeys, type KeyRow } from '../db/reads/keys.js';
import type { Target } from '../db/settings.js';
import type { Context } from './context.js';

/** What stands to break when a key stops working. `use` is null when it was not known in time. */
export interface BlastRadius {
  readonly target: Target;
  readonly row: KeyRow;
  readonly use: RecentUse | null;
  /** The other keys of its family, oldest version first; empty also when not known in time. */
  readonly family: readonly KeyRow[];
}

/** Nobody waits at 3 a.m. for a nicety: after this the question is asked without the rest. */
export const blastRadiusLimitMs = 2000;

/** The blast radius of each key, in order, as far as it can be told within the limit. */
export async function blastRadius(ctx: Context, rows: readonly KeyRow[]): Promise<BlastRadius[]> {
  const target = ctx.db.target;
  const found: BlastRadius[] = rows.map((row) => ({ target, row, use: null, family: [] }));
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, blastRadiusLimitMs);
  });
  const known = (async () => {
    for (const [at, row] of rows.entries()) {
      if (over) return;
      const family = await ctx.db.query((db) => familyKeys(db, [row.key.familyId]));
      const use = await ctx.db.query((db) => recentUse(db, row.key.id));
      found[at] = { target, row, use, family: family.filter((other) => other.key.id !== row.key.id) };
    }
  })().catch(() => {});
  try {
    await Promise.race([known, late]);
    return [...found];
  } finally {
    over = true;
    clearTimeout(timer);
  }
}
