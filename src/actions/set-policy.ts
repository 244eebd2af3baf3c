import { type PolicyAnswer, type PolicySettings, setPolicy as setInKernel } from '../db/kernel-policy.js';
import { type Policy, policies } from '../db/reads/policies.js';
import { type Context, changeOf } from './context.js';

export interface WantedPolicy {
  readonly name: string;
  /** Null: as the name is known, and a policy when it is new. */
  readonly appliesTo: 'environment' | null;
  readonly settings: PolicySettings;
}

export interface PolicyChange {
  readonly operationId: string;
  readonly answer: PolicyAnswer;
}

/** Sets what a policy or an environment asks of its keys. Needs keyctl_admin. */
export async function setPolicy(
  ctx: Context,
  wanted: WantedPolicy & { readonly reason: string },
): Promise<PolicyChange> {
  const answer = await ctx.db.change(ctx.operationId, (db) => setInKernel(db, changeOf(ctx), wanted));
  return { operationId: ctx.operationId, answer };
}

/** The policy as it stands now; null when there is none of that name. */
export async function knownPolicy(ctx: Context, name: string): Promise<Policy | null> {
  const known = await ctx.db.query(policies);
  return known.find((policy) => policy.name === name) ?? null;
}
