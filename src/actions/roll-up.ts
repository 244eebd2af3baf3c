import {
  type BudgetAlert,
  type BudgetSuspension,
  collectTouched,
  enforceBudgets,
  makeBaselines,
  rollUpHours,
} from '../db/kernel-rollup.js';
import { type RollupStatus, rollupStatus } from '../db/reads/rollups.js';
import { targetName } from '../db/settings.js';
import { type Context, changeOf } from './context.js';

/** What a rollup did, and how far the rollups reach now. */
export interface Rollup extends RollupStatus {
  readonly operationId: string;
  readonly where: string;
  /** Hours of keys that were remade from their events. */
  readonly hours: number;
  /** Families whose baseline was made anew, once a day. */
  readonly baselines: number;
  readonly suspended: readonly BudgetSuspension[];
  readonly alerts: readonly BudgetAlert[];
}

const fewestHours = 50;
const mostHours = 20_000;
const familiesAtOnce = 200;
const baselinesAtOnce = 200;

/**
 * Brings the rollups up to what was filed until now, then suspends and alerts by them. Killed anywhere, it has lost
 * nothing: the next run does the rest. Two at once share the work.
 */
export async function rollUp(ctx: Context): Promise<Rollup> {
  const { operationId } = ctx;
  await ctx.db.change(operationId, collectTouched);
  await ctx.reached('rollup.collected');
  const hours = await remakeQueued(ctx);
  const { suspended, alerts } = await enforce(ctx);
  const baselines = await remakeBaselines(ctx);
  const status = await ctx.db.query(rollupStatus);
  return { operationId, where: targetName(ctx.db.target), hours, baselines, suspended, alerts, ...status };
}

/** Batches of about a second: an hour can hold one event, or a hundred thousand. */
async function remakeQueued(ctx: Context): Promise<number> {
  let hours = 0;
  let limit = fewestHours;
  for (;;) {
    const size = limit;
    const startedAt = ctx.now().getTime();
    const remade = await ctx.db.change(ctx.operationId, (db) => rollUpHours(db, size));
    await ctx.reached('rollup.rolled');
    hours += remade;
    if (remade === 0) return hours;
    const tookMs = ctx.now().getTime() - startedAt;
    if (tookMs < 500) limit = Math.min(mostHours, size * 2);
    else if (tookMs > 2000) limit = Math.max(fewestHours, Math.floor(size / 2));
  }
}

async function remakeBaselines(ctx: Context): Promise<number> {
  let made = 0;
  for (;;) {
    const batch = await ctx.db.change(ctx.operationId, (db) => makeBaselines(db, baselinesAtOnce));
    if (batch === 0) return made;
    made += batch;
  }
}

async function enforce(ctx: Context): Promise<Pick<Rollup, 'suspended' | 'alerts'>> {
  const suspended: BudgetSuspension[] = [];
  const alerts: BudgetAlert[] = [];
  let after: string | null = '';
  while (after !== null) {
    const from: string = after;
    const done = await ctx.db.change(ctx.operationId, (db) =>
      enforceBudgets(db, changeOf(ctx), { after: from, limit: familiesAtOnce }),
    );
    suspended.push(...done.suspended);
    alerts.push(...done.alerts);
    after = done.next;
  }
  return { suspended, alerts };
}
