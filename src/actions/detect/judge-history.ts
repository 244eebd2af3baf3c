import { activityQuery, addressQuery } from '../../db/detect/activity.js';
import { logExtent } from '../../db/detect/log-extent.js';
import { subjectsOf } from '../../db/detect/subjects.js';
import type { Knowledge, Subject } from '../../domain/detect/activity.js';
import { thresholds, usualAlertBudget } from '../../domain/detect/calibration.js';
import { addFamily, newFleetScores } from '../../domain/detect/fleet-scores.js';
import { historyMs } from '../../domain/detect/make-baseline.js';
import { dayMs, hourMs } from '../../domain/detect/profile.js';
import { raise } from '../../domain/detect/raise.js';
import { addressDetectors, detectors } from '../../domain/detect/registry.js';
import { type FamilyWalk, familyWalk, type Scored } from '../../domain/detect/walk.js';
import { addressWalk } from '../../domain/detect/walk-addresses.js';
import type { Context } from '../context.js';
import { guessAt, isoOf, type Judged, keysOf } from './judged.js';
import { eachFamily, pushUses, streamUses } from './stream-uses.js';

export interface HistoryOptions {
  /** Null or left out: all. */
  readonly families?: readonly string[];
  /** Null: 5 for 1,000 keys. */
  readonly alertBudgetPerDay: number | null;
  readonly knowledge: Knowledge;
  readonly since: Date;
  readonly until: Date;
}

/** The fleet is watched for so long before, to know which of its scores are rare. */
const calibrationMs = 14 * dayMs;

interface Span {
  readonly since: number;
  readonly until: number;
}

/**
 * Judges a span of the past as if it were happening: each day with what was usual before it and with the thresholds that the fleet's
 * scores gave until then, never with anything later. Reads the events themselves, family by family, in constant memory; stores nothing.
 * @throws KeyctlError 69, 77
 */
export async function judgeHistory(ctx: Context, options: HistoryOptions): Promise<Judged> {
  const extent = await ctx.db.query(logExtent);
  const span = {
    since: Math.max(options.since.getTime(), extent.firstAt ?? 0),
    until: Math.min(options.until.getTime(), extent.now),
  };
  const subjects = await ctx.db.query((db) => subjectsOf(db, options.families ?? null));
  const scored: Scored[] = [];
  const fleet = newFleetScores();
  if (extent.firstAt !== null && span.since < span.until) {
    await judgeFamilies(ctx, { ...options, subjects, span, fleet, take: (each) => scored.push(each) });
    if (options.families === undefined)
      await judgeAddresses(ctx, span, { subjects, take: (each) => scored.push(each) });
  }
  const alertBudgetPerDay = options.alertBudgetPerDay ?? usualAlertBudget(extent.families);
  const limits = thresholds(fleet, { alertBudgetPerDay, detectors });
  return {
    raised: raise(scored, limits, detectors),
    asOf: extent.lastAt === null ? null : isoOf(extent.lastAt),
    ...{ since: isoOf(span.since), until: isoOf(Math.max(span.since, span.until)) },
    ...{ families: subjects.size, conservative: guessAt(limits, span.until), alertBudgetPerDay },
  };
}

interface Judging {
  readonly families?: readonly string[];
  readonly subjects: ReadonlyMap<string, Subject>;
  readonly knowledge: Knowledge;
  readonly span: Span;
  readonly fleet: ReturnType<typeof newFleetScores>;
  readonly take: (scored: Scored) => void;
}

async function judgeFamilies(ctx: Context, judging: Judging): Promise<void> {
  const { subjects, knowledge, span, fleet, take, families = null } = judging;
  const scoresSince = span.since - calibrationMs;
  const query = activityQuery({ since: scoresSince - historyMs, until: span.until, families });
  let walk: FamilyWalk | null = null;
  await eachFamily(ctx, query, (familyId) => {
    if (walk !== null) addFamily(fleet, walk.end(), detectors);
    const subject = familyId === null ? undefined : subjects.get(familyId);
    walk =
      subject === undefined
        ? null
        : familyWalk({ ...span, scoresSince, subject, detectors, knowledge, take });
    return (activity) => walk?.push(activity);
  });
}

async function judgeAddresses(
  ctx: Context,
  span: Span,
  { subjects, take }: Pick<Judging, 'subjects' | 'take'>,
): Promise<void> {
  const walk = addressWalk({ ...span, keys: keysOf(subjects), take, detectors: addressDetectors });
  const query = addressQuery({ since: span.since - 2 * hourMs, until: span.until });
  for await (const uses of streamUses(ctx, query)) pushUses(walk, uses);
  walk.end();
}
