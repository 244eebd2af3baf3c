import { weakFingerprints } from '../db/reads/known-digests.js';
import { type KnownDigests, knownDigests } from '../domain/known-digests.js';
import type { Context } from './context.js';

/** The tokens that are known by their digest alone, to look for them in a text; null, after one cheap question, when there is none. */
export async function knownTokens(ctx: Context): Promise<KnownDigests | null> {
  return knownDigests(await ctx.db.query(weakFingerprints));
}
