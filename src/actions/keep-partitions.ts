import {
  type AttachAnswer,
  attachPartition,
  ensureWeeksAhead,
  inspectPartition,
  missingWeeksAhead,
  type PreparedTable,
} from '../db/kernel-retention.js';
import { type Partition, partitions } from '../db/reads/partitions.js';
import { targetName } from '../db/settings.js';
import { type Context, changeOf } from './context.js';

/** The tables that usage lies in. */
export interface PartitionList {
  readonly where: string;
  readonly partitions: readonly Partition[];
  /** How many were made just now, or would be; null: nobody asked. */
  readonly made: number | null;
  /** By which `expendable` is told; null: nobody asked. */
  readonly keepSeconds: number | null;
  readonly dryRun: boolean;
}

export interface PartitionsWanted {
  /** Make the tables of this week and of so many after it first; null: only look. */
  readonly weeksAhead: number | null;
  readonly keepSeconds: number | null;
  readonly dryRun: boolean;
}

/** A prepared table that was, or could be, attached. Null in a dry run: what only the change has. */
export interface Attachment extends PreparedTable {
  readonly where: string;
  readonly operationId: string | null;
  readonly audit_seq: number | null;
}

export async function listPartitions(ctx: Context, wanted: PartitionsWanted): Promise<PartitionList> {
  const { weeksAhead, keepSeconds, dryRun } = wanted;
  const made = weeksAhead === null ? null : await makeAhead(ctx, weeksAhead, dryRun);
  const all = await ctx.db.query((db) => partitions(db, keepSeconds));
  return { where: targetName(ctx.db.target), partitions: all, made, keepSeconds, dryRun };
}

async function makeAhead(ctx: Context, weeks: number, dryRun: boolean): Promise<number> {
  if (dryRun) return (await ctx.db.query((db) => missingWeeksAhead(db, weeks))).length;
  return await ctx.db.change(ctx.operationId, (db) => ensureWeeksAhead(db, weeks));
}

/** Makes a prepared table one of those that usage lies in. Needs keyctl_admin. @throws KeyctlError 2, 3, 4, 77: why not */
export async function attachTable(
  ctx: Context,
  table: string,
  { dryRun }: { readonly dryRun: boolean },
): Promise<Attachment> {
  const where = targetName(ctx.db.target);
  if (dryRun) {
    const found = await ctx.db.query((db) => inspectPartition(db, table));
    return { ...found, where, operationId: null, audit_seq: null };
  }
  const { operationId } = ctx;
  const done: AttachAnswer = await ctx.db.change(operationId, (db) =>
    attachPartition(db, changeOf(ctx), { table }),
  );
  return { ...done, where, operationId };
}
