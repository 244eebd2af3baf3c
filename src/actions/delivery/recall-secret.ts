import { verification } from '../../db/kernel-decisions.js';
import type { Secret } from '../../domain/secret.js';
import { matchesVerifier } from '../../domain/token.js';
import type { Context } from '../context.js';
import type { Sink } from './sink.js';

export interface Recalled {
  readonly secret: Secret;
  /** The sinks that hold it. */
  readonly held: readonly Sink[];
}

/** The secret that an earlier run left in one of the sinks, if it is the one that was registered; null when none has it. */
export async function recallSecret(
  ctx: Context,
  keyId: string,
  sinks: readonly Sink[],
): Promise<Recalled | null> {
  const proof = await ctx.db.query((db) => verification(db, keyId));
  const held: Sink[] = [];
  let secret: Secret | null = null;
  for (const sink of sinks) {
    const found = await sink.recall(keyId);
    if (found === null || proof?.salt == null || proof.verifier === null) continue;
    if (!matchesVerifier(found, proof.salt, proof.verifier)) continue;
    held.push(sink);
    secret = found;
  }
  return secret === null ? null : { secret, held };
}
