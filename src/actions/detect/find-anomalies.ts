import type { RecordOutcome } from '../../db/kernel-findings.js';
import { findings } from '../../db/reads/findings.js';
import { usageExtent } from '../../db/reads/usage-extent.js';
import { targetName } from '../../db/settings.js';
import type { Knowledge } from '../../domain/detect/activity.js';
import { type AnomalyList, anomalyList, riskDays } from '../../domain/detect/anomaly-list.js';
import type { Severity } from '../../domain/detect/finding.js';
import type { KeptFinding } from '../../domain/detect/kept-finding.js';
import { mergeStories } from '../../domain/detect/merge-stories.js';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import type { Context } from '../context.js';
import { findKeys } from '../find-keys.js';
import { usageAsOf } from '../read-usage.js';
import { type Rollup, rollUp } from '../roll-up.js';
import { judgeHistory } from './judge-history.js';
import type { LiveOptions } from './judge-live.js';
import { judgeSince } from './judge-since.js';
import { keepFindings, newFindings } from './keep-findings.js';
import { keyFacts } from './key-facts.js';

export interface AnomalyQuery {
  /** A KEY; null: all. */
  readonly key: string | null;
  /** Null: the last seven days; of a replay four weeks to the end of the log. */
  readonly since: Date | null;
  readonly until: Date | null;
  readonly severity: Severity;
  /** Alerts a day; null: 5 for 1,000 keys. */
  readonly alertBudget: number | null;
  /** Walks history as if it were live; keeps nothing. */
  readonly replay: boolean;
  /** Changes nothing: no rollup, and no finding is kept. */
  readonly dryRun: boolean;
  readonly knowledge: Knowledge;
}

/** Why findings are written down nowhere. */
type NotKept = 'replay' | 'dry_run' | 'not_allowed';

export interface Anomalies extends AnomalyList {
  readonly where: string;
  readonly replay: boolean;
  readonly since: string;
  readonly until: string;
  /** How far the log reaches. */
  readonly asOf: string | null;
  readonly alertBudgetPerDay: number;
  /** Alerts that count against the budget: of the last 24 hours, or in a replay of all days. */
  readonly alerts: number;
  readonly alertDays: number;
  readonly notKept: NotKept | null;
  /** Of this run. */
  readonly raised: number;
  readonly worsened: number;
  /** Null: rollups and baselines are as they were. */
  readonly rollup: Rollup | null;
  /** Why thresholds are only a guess; null: they come from the fleet. */
  readonly conservative: string | null;
  /** Open ones, whatever is shown. */
  readonly open: readonly KeptFinding[];
}

const dayMs = 86_400_000;
const presetDays = riskDays;
const replayDays = 28;

/**
 * Finds what is unusual now, keeps it, and answers it by key, with what is still open of the days before.
 * @throws KeyctlError 3, 2 (KEY not clear)
 */
export async function findAnomalies(
  ctx: Context,
  query: AnomalyQuery,
  options: { readonly interactive: boolean },
): Promise<Anomalies> {
  const families = query.key === null ? null : await familiesOf(ctx, query.key, options);
  const judging = {
    ...(families === null ? {} : { families }),
    ...{ alertBudgetPerDay: query.alertBudget, knowledge: query.knowledge },
  };
  return query.replay ? await replayed(ctx, query, judging) : await live(ctx, query, judging, families);
}

type Judging = Omit<LiveOptions, 'hours'>;

async function familiesOf(
  ctx: Context,
  key: string,
  options: { readonly interactive: boolean },
): Promise<readonly string[]> {
  const found = await findKeys(ctx, [key], options);
  return [...new Set(found.map(({ row }) => row.key.familyId))];
}

async function replayed(ctx: Context, query: AnomalyQuery, judging: Judging): Promise<Anomalies> {
  const extent = await ctx.db.query((db) => usageExtent(db, null));
  const last =
    extent === null ? ctx.now() : new Date(Math.min(Date.parse(extent.lastAt) + 1, ctx.now().getTime()));
  const until = query.until ?? last;
  const earliest = new Date(until.getTime() - replayDays * dayMs);
  const first = extent === null ? earliest : new Date(extent.firstAt);
  const since = query.since ?? (first > earliest ? first : earliest);
  const judged = await judgeHistory(ctx, { ...judging, since, until });
  const found = mergeStories(newFindings(judged.raised, await keyFacts(ctx, judged.raised)));
  return {
    ...anomalyList(found, 'peak', query.severity),
    ...{ where: targetName(ctx.db.target), replay: true, since: since.toISOString() },
    ...{ until: until.toISOString(), asOf: judged.asOf, alertBudgetPerDay: judged.alertBudgetPerDay },
    ...{ alerts: alertsOf(found), alertDays: (until.getTime() - since.getTime()) / dayMs },
    ...{ notKept: 'replay', raised: found.length, worsened: 0 },
    ...{ rollup: null, conservative: judged.conservative, open: found },
  };
}

async function live(
  ctx: Context,
  query: AnomalyQuery,
  judging: Judging,
  families: readonly string[] | null,
): Promise<Anomalies> {
  const rollup = query.dryRun ? null : await permitted(rollUp(ctx));
  const judged = await judgeSince(ctx, judging);
  // By the database's clock: that of this machine decides nothing.
  const now = Date.parse(judged.until);
  const found = mergeStories(newFindings(judged.raised, await keyFacts(ctx, judged.raised)));
  // Of some keys alone nothing can be said about how far all were looked at.
  const seen = families === null ? now : null;
  const outcomes = query.dryRun ? null : await permitted(keepFindings(ctx, found, seen));
  const window = { since: query.since ?? new Date(now - presetDays * dayMs), until: query.until };
  const kept = await keptFindings(ctx, families, window);
  const all = outcomes === null ? withUnkept(kept, found) : kept;
  const until = window.until ?? new Date(now);
  return {
    ...anomalyList(all, until.getTime(), query.severity),
    ...{ where: targetName(ctx.db.target), replay: false, since: window.since.toISOString() },
    ...{ until: until.toISOString(), asOf: judged.asOf ?? (await usageAsOf(ctx)) },
    ...{ alertBudgetPerDay: judged.alertBudgetPerDay, alertDays: 1 },
    alerts: alertsOf(all.filter(({ detectedAt }) => detectedAt > now - dayMs)),
    notKept: query.dryRun ? 'dry_run' : outcomes === null ? 'not_allowed' : null,
    ...{ raised: counted(outcomes, 'raised') ?? found.length, worsened: counted(outcomes, 'worsened') ?? 0 },
    ...{ rollup, conservative: judged.conservative },
    open: all.filter(({ status }) => status === 'open'),
  };
}

function counted(outcomes: readonly RecordOutcome[] | null, which: RecordOutcome): number | undefined {
  return outcomes?.filter((outcome) => outcome === which).length;
}

function keptFindings(
  ctx: Context,
  families: readonly string[] | null,
  { since, until }: { readonly since: Date; readonly until: Date | null },
): Promise<readonly KeptFinding[]> {
  const filter = {
    ...(families === null ? {} : { familyIds: families }),
    ...(until === null ? {} : { until: until.toISOString() }),
    since: since.toISOString(),
  };
  return ctx.db.query((db) => findings(db, filter));
}

/**
 * How often somebody was called: by key or address and day, whatever the number of its findings. Only what was held against a
 * threshold counts; what is a rule has no part in the budget.
 */
function alertsOf(found: readonly KeptFinding[]): number {
  const scored = found.filter(({ scoreBits }) => scoreBits !== null);
  return new Set(
    scored.map(({ familyId, ip, detectedAt }) => `${familyId ?? ip} ${Math.floor(detectedAt / dayMs)}`),
  ).size;
}

/** What this run found and may not keep, unless it is kept already. */
function withUnkept(kept: readonly KeptFinding[], found: readonly KeptFinding[]): readonly KeptFinding[] {
  const stories = new Set(kept.map(({ story }) => story));
  return [...kept, ...found.filter(({ story }) => !stories.has(story))];
}

/** Null when this role may not: a viewer sees what there is. */
async function permitted<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof KeyctlError && error.exitCode === exitCodes.permission) return null;
    throw error;
  }
}
