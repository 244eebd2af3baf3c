import { type Circumstances, decide, verification } from '../db/kernel-decisions.js';
import { findCandidates, type KeyRow } from '../db/reads/keys.js';
import type { Decision } from '../domain/decision.js';
import { configError } from '../domain/errors.js';
import { presentedToken, proves } from '../domain/presented-token.js';
import type { Secret } from '../domain/secret.js';
import type { Context } from './context.js';

export interface VerifiedToken {
  /** `ok`, or the first thing that is against it. `unknown` also when the locator is known and the secret is another. */
  readonly decision: 'malformed' | 'checksum' | 'unknown' | Decision;
  /** The key, once the token proved that it is its own. */
  readonly row: KeyRow | null;
}

/**
 * Would this token be accepted now, under these circumstances? The token never reaches SQL: its id or SHA-256 is looked
 * up, its verifier compared here, and only then is the kernel asked to decide.
 */
export async function verifyToken(
  ctx: Context,
  token: Secret,
  circumstances: Circumstances,
): Promise<VerifiedToken> {
  const presented = presentedToken(token.reveal());
  if (presented.kind === 'checksum') return { decision: 'checksum', row: null };
  const stored = await ctx.db.query((db) => verification(db, presented.lookup));
  if (!proven(presented, stored) || stored === null) {
    return { decision: presented.kind === 'foreign' ? 'malformed' : 'unknown', row: null };
  }
  const decision = await ctx.db.query((db) => decide(db, stored.keyId, circumstances));
  const [row = null] = await ctx.db.read((orm) => findCandidates(orm, { ids: [stored.keyId] }));
  return { decision, row };
}

function proven(...[presented, stored]: Parameters<typeof proves>): boolean {
  try {
    return proves(presented, stored);
  } catch {
    throw configError(
      'newer_hash_scheme',
      'this key was stored by a newer keyctl, whose hash scheme this one does not know',
      'install the newer keyctl',
    );
  }
}
