import { dropUsageBefore, type RetentionAnswer } from '../db/kernel-retention.js';
import { type Partition, partitions } from '../db/reads/partitions.js';
import { targetName } from '../db/settings.js';
import { type Context, changeOf } from './context.js';

export interface RetentionPlan {
  readonly where: string;
  readonly keepSeconds: number;
  /** What holds nothing younger than that. */
  readonly partitions: readonly Partition[];
}

export interface Retention {
  readonly operationId: string;
  readonly where: string;
  readonly answer: RetentionAnswer;
}

export async function planRetention(ctx: Context, keepSeconds: number): Promise<RetentionPlan> {
  const old = await ctx.db.query((db) => partitions(db, keepSeconds, 'expendable'));
  return { where: targetName(ctx.db.target), keepSeconds, partitions: old };
}

/** Drops usage that is older than that, in whole partitions, and its rollups; never audit. Needs keyctl_admin. */
export async function applyRetention(ctx: Context, keepSeconds: number): Promise<Retention> {
  const { operationId } = ctx;
  const answer = await ctx.db.change(operationId, (db) =>
    dropUsageBefore(db, changeOf(ctx), { keepSeconds }),
  );
  await ctx.reached('retention.dropped');
  return { operationId, where: targetName(ctx.db.target), answer };
}
