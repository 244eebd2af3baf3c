import { type GrantRoleAnswer, grantRole } from '../db/kernel-roles.js';
import type { RoleName } from '../domain/roles.js';
import { type Context, changeOf } from './context.js';

export interface RoleGrant extends GrantRoleAnswer {
  readonly operationId: string;
}

/** Makes a login a member of one of keyctl's roles. */
export async function grantRoleTo(
  ctx: Context,
  input: { readonly user: string; readonly role: RoleName },
): Promise<RoleGrant> {
  const answer = await ctx.db.change(ctx.operationId, (orm) => grantRole(orm, changeOf(ctx), input));
  return { ...answer, operationId: ctx.operationId };
}
