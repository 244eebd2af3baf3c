import {
  type ChangeFacts,
  changeFacts,
  type Overdue,
  overdueKeys,
  type Revocation,
  type RotationFacts,
  revocations,
  rotationFacts,
} from '../../db/reads/report-changes.js';
import { type IncidentFacts, incidentFacts } from '../../db/reads/report-incidents.js';
import { type KeyFacts, keyFacts, type Window } from '../../db/reads/report-keys.js';
import { type BudgetUse, budgetUse, type UsageFacts, usageFacts } from '../../db/reads/report-usage.js';
import { targetName } from '../../db/settings.js';
import type { ReportKind } from '../../domain/report-kind.js';
import type { Context } from '../context.js';
import { usageAsOf } from '../read-usage.js';
import { type Check, checkThresholds } from './thresholds.js';

export interface Report {
  readonly kind: ReportKind;
  /** The database it is about. */
  readonly where: string;
  readonly madeAt: string;
  readonly window: Window;
  /** How far usage has been brought in; null: there is none. */
  readonly asOf: string | null;
  readonly step: 'hour' | 'day';
  readonly checks: readonly Check[];
  /** As they stand now, whatever the window is. */
  readonly keys: KeyFacts;
  readonly usage: UsageFacts;
  /** Of this calendar month, highest share first. */
  readonly budgets: readonly BudgetUse[];
  readonly changes: ChangeFacts;
  readonly rotations: RotationFacts;
  /** Null: no rotation had a date. */
  readonly onTimeShare: number | null;
  readonly revocations: readonly Revocation[];
  /** The longest overdue ones; how many there are stands in `keys`. */
  readonly overdueRotations: readonly Overdue[];
  readonly overdueReviews: readonly Overdue[];
  readonly incidents: IncidentFacts;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** How far back each kind looks, today included. */
const spanMs: Readonly<Record<ReportKind, number>> = {
  daily: dayMs,
  weekly: 7 * dayMs,
  monthly: 30 * dayMs,
  compliance: 90 * dayMs,
};
/** A longer list of overdue keys belongs to `keys list --due` and `keys review`. */
const listed = 20;

/**
 * Everything a report says, read in one go. What is about keys is true now; requests, rotations, revocations and changes
 * are those of the window. Usage comes from raw events: 2 M of them in a window take 1.1 to 1.7 s.
 * @param given bounds that were typed; whole days (hours, in a daily report) up to now without them
 */
export async function makeReport(
  ctx: Context,
  kind: ReportKind,
  given: { readonly since: string | null; readonly until: string | null },
): Promise<Report> {
  const now = ctx.now();
  const until = given.until ?? now.toISOString();
  const step = kind === 'daily' ? 'hour' : 'day';
  const since = given.since ?? startOf(kind, step, new Date(until));
  const window = { since, until };
  const { db } = ctx;
  const usage = await db.query((each) => usageFacts(each, window, step));
  const budgets = await db.query(budgetUse);
  const rotations = await db.query((each) => rotationFacts(each, window));
  return {
    kind,
    where: targetName(db.target),
    madeAt: now.toISOString(),
    window,
    asOf: await usageAsOf(ctx),
    step,
    checks: checkThresholds(usage, budgets),
    keys: await db.query((each) => keyFacts(each, window)),
    usage,
    budgets,
    changes: await db.query((each) => changeFacts(each, window)),
    rotations,
    onTimeShare: shareOnTime(rotations),
    revocations: await db.query((each) => revocations(each, window)),
    overdueRotations: await db.query((each) => overdueKeys(each, 'rotation', listed)),
    overdueReviews: await db.query((each) => overdueKeys(each, 'review', listed)),
    incidents: await db.query((each) => incidentFacts(each, window)),
  };
}

/** Whole steps, so that the first one of a plot is not a piece: 30 days are today and the 29 before it. */
function startOf(kind: ReportKind, step: 'hour' | 'day', until: Date): string {
  const length = step === 'hour' ? hourMs : dayMs;
  const last = Math.floor((until.getTime() - 1) / length) * length;
  return new Date(last - spanMs[kind] + length).toISOString();
}

function shareOnTime({ onTime, late }: RotationFacts): number | null {
  return onTime + late === 0 ? null : onTime / (onTime + late);
}
