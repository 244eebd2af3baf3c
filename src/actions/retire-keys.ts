import { cancelRetirement, planRetirement, type RetirementAnswer } from '../db/kernel-retirement.js';
import type { KeyRow } from '../db/reads/keys.js';
import { type Context, changeOf } from './context.js';
import { type Changes, changeEach } from './each-key.js';

/** Plans the end of the keys for that moment; one that was planned already is moved. */
export async function planRetirements(
  ctx: Context,
  input: { readonly keys: readonly KeyRow[]; readonly on: Date; readonly reason: string },
): Promise<Changes<RetirementAnswer>> {
  const on = input.on.toISOString();
  return await changeEach(ctx, input.keys, (db, keyId) =>
    planRetirement(db, changeOf(ctx), { keyId, on, reason: input.reason }),
  );
}

/** Takes planned retirements back: the keys live on, with all of their limits. */
export async function cancelRetirements(
  ctx: Context,
  input: { readonly keys: readonly KeyRow[]; readonly reason: string },
): Promise<Changes<RetirementAnswer>> {
  return await changeEach(ctx, input.keys, (db, keyId) =>
    cancelRetirement(db, changeOf(ctx), { keyId, reason: input.reason }),
  );
}
