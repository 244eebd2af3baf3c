import { dropUsageBefore, ensureWeeksAhead, type RetentionAnswer } from '../db/kernel-retention.js';
import { type Partition, partitions } from '../db/reads/partitions.js';
import { targetName } from '../db/settings.js';
import { type Context, changeOf } from './context.js';

/** The tables that usage lies in. */
export interface PartitionList {
  readonly where: string;
  readonly partitions: readonly Partition[];
  /** How many were made just now; null: nobody asked. */
  readonly made: number | null;
}

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

/** @param weeksAhead make the tables of this week and of so many after it first; null: only look */
export async function listPartitions(ctx: Context, weeksAhead: number | null): Promise<PartitionList> {
  const made =
    weeksAhead === null
      ? null
      : await ctx.db.change(ctx.operationId, (db) => ensureWeeksAhead(db, weeksAhead));
  const all = await ctx.db.query((db) => partitions(db, null));
  return { where: targetName(ctx.db.target), partitions: all, made };
}

export async function planRetention(ctx: Context, keepSeconds: number): Promise<RetentionPlan> {
  const old = await ctx.db.query((db) => partitions(db, keepSeconds));
  return { where: targetName(ctx.db.target), keepSeconds, partitions: old };
}

/** Drops usage that is older than that, in whole partitions, and its rollups; never audit. Needs keyctl_admin. */
export async function applyRetention(ctx: Context, keepSeconds: number): Promise<Retention> {
  const { operationId } = ctx;
  const answer = await ctx.db.change(operationId, (db) =>
    dropUsageBefore(db, changeOf(ctx), { keepSeconds }),
  );
  return { operationId, where: targetName(ctx.db.target), answer };
}
