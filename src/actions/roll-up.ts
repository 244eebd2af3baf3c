import type { IncidentNews } from '../db/incident-news.js';
import {
  type BudgetAlert,
  type BudgetSuspension,
  collectTouched,
  enforceBudgets,
} from '../db/kernel-rollup.js';
import { type RollupStatus, rollupStatus } from '../db/reads/rollups.js';
import { targetName } from '../db/settings.js';
import { type Context, changeOf } from './context.js';
import { refreshBaselines } from './detect/refresh-baselines.js';
import { watchIncidents } from './incidents/watch-incidents.js';
import { remakeHours } from './remake-hours.js';

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
  /** Dead keys of incidents that were used. */
  readonly incidents: IncidentNews;
}

const familiesAtOnce = 200;

/**
 * Brings the rollups up to what was filed until now, then suspends and alerts by them. Killed anywhere, it has lost
 * nothing: the next run does the rest. Two at once share the work.
 */
export async function rollUp(ctx: Context): Promise<Rollup> {
  const { operationId } = ctx;
  await ctx.db.change(operationId, collectTouched);
  await ctx.reached('rollup.collected');
  // Before anything that takes long: an incident that has to be open again is worth the first second.
  const incidents = await watchIncidents(ctx);
  const hours = await remakeHours(ctx);
  const { suspended, alerts } = await enforce(ctx);
  const baselines = await refreshBaselines(ctx);
  const status = await ctx.db.query(rollupStatus);
  return {
    operationId,
    where: targetName(ctx.db.target),
    hours,
    baselines,
    suspended,
    alerts,
    incidents,
    ...status,
  };
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
