import { activityQuery } from '../../db/detect/activity.js';
import {
  baselineReach,
  dueFamilies,
  foundHours,
  hoursOf,
  hoursQuery,
  storedBaselines,
} from '../../db/detect/baselines.js';
import { subjectsOf } from '../../db/detect/subjects.js';
import { storeBaselines, storeScores } from '../../db/kernel-detect.js';
import type { Baseline } from '../../domain/detect/baseline.js';
import { addFamily, type FleetScores, newFleetScores } from '../../domain/detect/fleet-scores.js';
import { type HourTotals, memoryMs } from '../../domain/detect/history.js';
import { historyMs } from '../../domain/detect/make-baseline.js';
import { dayMs, hourMs } from '../../domain/detect/profile.js';
import { type Refresh, refresh } from '../../domain/detect/refresh.js';
import { detectors } from '../../domain/detect/registry.js';
import type { Context } from '../context.js';
import { toldRows } from '../copied-rows.js';
import { eachFamily } from './stream-uses.js';

/** What happened in the last day is judged and not yet learned: nothing becomes usual before somebody could be told of it. */
const settledMs = dayMs;
/** Once a day, and not a bit later each day. */
const freshMs = 20 * hourMs;
/** Events come in late: a day that a baseline had seen is looked at again. */
const lateMs = dayMs;
/** Families at a time: what they did by hour in 90 days is in memory. */
const atOnce = 100;
const stallMs = 600_000;

interface Span {
  /** From where on families that have a baseline are gone on with. */
  readonly since: number;
  readonly until: number;
}

/**
 * Makes the baselines of the families anew that were used since the last time, once a day, and adds to the fleet's scores what the old
 * ones would have said since. Two at once do the work twice and count it once; killed anywhere, the next one does the rest.
 * @returns how many baselines were made
 */
export async function refreshBaselines(ctx: Context): Promise<number> {
  const { rolledUntil, baselinesAt } = await ctx.db.query(baselineReach);
  if (rolledUntil === null) return 0;
  const until = rolledUntil - settledMs;
  if (baselinesAt !== null && until - baselinesAt < freshMs) return 0;
  const span = { since: (baselinesAt ?? until - historyMs) - lateMs, until };
  const due = await ctx.db.query((db) => dueFamilies(db, { ...span }));
  const fleet = newFleetScores();
  let made = 0;
  for (const known of [true, false]) {
    const families = due.filter((family) => family.known === known).map(({ familyId }) => familyId);
    for (let from = 0; from < families.length; from += atOnce) {
      const since = known ? span.since : until - historyMs;
      made += await refreshSome(ctx, families.slice(from, from + atOnce), { span: { since, until }, fleet });
    }
  }
  await ctx.db.change(ctx.operationId, (db) => storeScores(db, [...fleet.bins.values()], until));
  return made;
}

async function refreshSome(
  ctx: Context,
  families: readonly string[],
  { span, fleet }: { readonly span: Span; readonly fleet: FleetScores },
): Promise<number> {
  const subjects = await ctx.db.query((db) => subjectsOf(db, families));
  const old = await ctx.db.query((db) => storedBaselines(db, families));
  const found = await ctx.db.query((db) => foundHours(db, families, span.until - historyMs));
  const under = new Map<string, Refresh>();
  for (const [familyId, subject] of subjects)
    under.set(familyId, refresh(subject, old.get(familyId) ?? null, { until: span.until, detectors }));
  for (const [familyId, hours] of await hoursOfFamilies(ctx, families, span.until))
    under.get(familyId)?.hours(hours);

  const made: Baseline[] = [];
  await eachFamily(ctx, activityQuery({ ...span, families }), (familyId) => {
    const one = familyId === null ? undefined : under.get(familyId);
    return (activity) => one?.push(activity);
  });
  for (const [familyId, one] of under) {
    const { baseline, scores } = one.end(found.get(familyId) ?? new Set());
    addFamily(fleet, scores, detectors);
    made.push(baseline);
  }
  return await ctx.db.change(ctx.operationId, (db) => storeBaselines(db, made));
}

async function hoursOfFamilies(
  ctx: Context,
  families: readonly string[],
  until: number,
): Promise<ReadonlyMap<string, readonly HourTotals[]>> {
  const copy = await ctx.db.copyClient();
  const byFamily = new Map<string, HourTotals[]>();
  try {
    const query = hoursQuery(families, { since: until - memoryMs, until });
    for await (const rows of toldRows(ctx, copy, query, stallMs))
      for (const { familyId, totals } of hoursOf(rows)) {
        const known = byFamily.get(familyId);
        if (known === undefined) byFamily.set(familyId, [totals]);
        else known.push(totals);
      }
  } finally {
    copy.destroy();
  }
  return byFamily;
}
