import { findCandidates } from '../db/reads/keys.js';
import type { Context } from './context.js';

/** Ids of the living keys that bear this name: with them, the name alone does not say which key is meant. */
export async function namesakes(ctx: Context, name: string): Promise<readonly string[]> {
  const rows = await ctx.db.query((db) => findCandidates(db, { names: [name] }));
  const living = rows.filter(
    (row) => row.key.name === name && !['revoked', 'replaced'].includes(row.key.status),
  );
  return living.map((row) => row.key.id);
}
