import {
  type BlockAnswer,
  blockIp as blockInKernel,
  type UnblockAnswer,
  unblockIp as unblockInKernel,
} from '../db/kernel-ip-blocks.js';
import { type NetworkUse, networkUse } from '../db/reads/ip-blocks.js';
import type { Target } from '../db/settings.js';
import { type Context, changeOf } from './context.js';
import { withinLimit } from './within-limit.js';

export interface BlockChange<A> {
  readonly operationId: string;
  readonly answer: A;
}

/** Blocks a network for every key; with `forSeconds` it ends by itself, counted by the database's clock. */
export async function blockIp(
  ctx: Context,
  input: { readonly cidr: string; readonly reason: string; readonly forSeconds: number | null },
): Promise<BlockChange<BlockAnswer>> {
  const answer = await ctx.db.change(ctx.operationId, (db) => blockInKernel(db, changeOf(ctx), input));
  return { operationId: ctx.operationId, answer };
}

export async function unblockIp(
  ctx: Context,
  input: { readonly cidr: string; readonly reason: string },
): Promise<BlockChange<UnblockAnswer>> {
  const answer = await ctx.db.change(ctx.operationId, (db) => unblockInKernel(db, changeOf(ctx), input));
  return { operationId: ctx.operationId, answer };
}

/** What stands to break when a network is blocked. */
export interface NetworkRadius {
  readonly target: Target;
  readonly cidr: string;
  /** Null when it was not known in time. */
  readonly use: NetworkUse | null;
}

/** As far as it can be told in time. */
export async function networkRadius(ctx: Context, cidr: string): Promise<NetworkRadius> {
  const use = await withinLimit(ctx.db.query((db) => networkUse(db, cidr)));
  return { target: ctx.db.target, cidr, use };
}
