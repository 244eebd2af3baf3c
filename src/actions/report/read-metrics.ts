import { judgedUntil, openFindings } from '../../db/reads/findings.js';
import { type IncidentFacts, incidentFacts } from '../../db/reads/report-incidents.js';
import { type KeyFacts, keyFacts } from '../../db/reads/report-keys.js';
import { type BudgetUse, budgetUse, type UsageFacts, usageFacts } from '../../db/reads/report-usage.js';
import type { Context } from '../context.js';
import { usageAsOf } from '../read-usage.js';

/** What monitoring is told: keys as they stand now, requests of the last hour. */
export interface Metrics {
  readonly madeAt: string;
  readonly asOf: string | null;
  readonly keys: KeyFacts;
  readonly usage: UsageFacts;
  readonly budgets: readonly BudgetUse[];
  readonly incidents: IncidentFacts;
  /** Open ones by severity. */
  readonly findings: Readonly<Record<string, number>>;
  /** When live detection looked last, milliseconds since 1970; null: never yet. */
  readonly judgedUntil: number | null;
}

/** Bounded by an hour of events, and for budgets by the month, so that a scrape every few minutes costs little. */
export async function readMetrics(ctx: Context): Promise<Metrics> {
  const now = ctx.now();
  const window = { since: new Date(now.getTime() - 3_600_000).toISOString(), until: now.toISOString() };
  return {
    madeAt: window.until,
    asOf: await usageAsOf(ctx),
    keys: await ctx.db.query((db) => keyFacts(db, window)),
    usage: await ctx.db.query((db) => usageFacts(db, window, 'hour')),
    budgets: await ctx.db.query(budgetUse),
    incidents: await ctx.db.query((db) => incidentFacts(db, window)),
    findings: await ctx.db.query(openFindings),
    judgedUntil: await ctx.db.query(judgedUntil),
  };
}
