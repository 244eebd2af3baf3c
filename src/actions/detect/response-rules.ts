import {
  type ResponseSettings,
  type RuleAnswer,
  removeResponseRule,
  setResponseRule,
} from '../../db/kernel-findings.js';
import { type ResponseRule, responseRules } from '../../db/reads/findings.js';
import { type Context, changeOf } from '../context.js';

export interface RuleChange {
  readonly operationId: string;
  readonly answer: RuleAnswer;
}

/** Sets what is done by itself about findings. Needs keyctl_admin. */
export async function setResponse(
  ctx: Context,
  wanted: { readonly name: string; readonly settings: ResponseSettings; readonly reason: string },
): Promise<RuleChange> {
  const answer = await ctx.db.change(ctx.operationId, (db) => setResponseRule(db, changeOf(ctx), wanted));
  return { operationId: ctx.operationId, answer };
}

/** Takes a response away. Needs keyctl_admin. @throws KeyctlError 3 */
export async function removeResponse(
  ctx: Context,
  wanted: { readonly name: string; readonly reason: string },
): Promise<RuleChange> {
  const answer = await ctx.db.change(ctx.operationId, (db) => removeResponseRule(db, changeOf(ctx), wanted));
  return { operationId: ctx.operationId, answer };
}

/** The response as it stands now; null when there is none of that name. */
export async function knownResponse(ctx: Context, name: string): Promise<ResponseRule | null> {
  const known = await ctx.db.query(responseRules);
  return known.find((rule) => rule.name === name) ?? null;
}
