import { type ResumeAnswer, resumeKey, type SuspendAnswer, suspendKey } from '../db/kernel-keys.js';
import type { KeyRow } from '../db/reads/keys.js';
import { type Context, changeOf } from './context.js';
import { type Changes, changeEach } from './each-key.js';

/** Suspends the keys, reversibly; with `forSeconds` it ends by itself, counted by the database's clock. */
export async function suspendKeys(
  ctx: Context,
  input: { readonly keys: readonly KeyRow[]; readonly reason: string; readonly forSeconds: number | null },
): Promise<Changes<SuspendAnswer>> {
  const { keys, reason, forSeconds } = input;
  return await changeEach(ctx, keys, (db, keyId) =>
    suspendKey(db, changeOf(ctx), { keyId, reason, forSeconds }),
  );
}

/** Ends suspensions: each key goes back to where it was. */
export async function resumeKeys(
  ctx: Context,
  input: { readonly keys: readonly KeyRow[]; readonly reason: string },
): Promise<Changes<ResumeAnswer>> {
  return await changeEach(ctx, input.keys, (db, keyId) =>
    resumeKey(db, changeOf(ctx), { keyId, reason: input.reason }),
  );
}
