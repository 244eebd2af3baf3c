import { setImmediate } from 'node:timers/promises';
import { activityQuery, addressQuery, type Use } from '../../db/detect/activity.js';
import { baselineFrom, baselineTexts, storedScores } from '../../db/detect/baselines.js';
import { logExtent } from '../../db/detect/log-extent.js';
import { type SilentFamily, silentFamilies } from '../../db/detect/silent-families.js';
import { subjectsOf } from '../../db/detect/subjects.js';
import type { Activity, Knowledge, Subject } from '../../domain/detect/activity.js';
import type { Baseline } from '../../domain/detect/baseline.js';
import { thresholds, usualAlertBudget } from '../../domain/detect/calibration.js';
import { addBin, newFleetScores } from '../../domain/detect/fleet-scores.js';
import { hourMs } from '../../domain/detect/profile.js';
import { raise } from '../../domain/detect/raise.js';
import { addressDetectors, detectors, staleDetectors } from '../../domain/detect/registry.js';
import { familyWalk, type Scored } from '../../domain/detect/walk.js';
import { addressWalk } from '../../domain/detect/walk-addresses.js';
import type { Context } from '../context.js';
import { guessAt, isoOf, type Judged, keysOf } from './judged.js';
import { eachFamily, pushUses, streamUses } from './stream-uses.js';

export interface LiveOptions {
  /** Left out: all. */
  readonly families?: readonly string[];
  /** Null: 5 for 1,000 keys. */
  readonly alertBudgetPerDay: number | null;
  readonly knowledge: Knowledge;
  /** Closed hours that are judged again, because events come in late; default 3, at most a day: what is older is learned already. */
  readonly hours?: number;
  /** As of which moment, milliseconds since 1970; left out: the database's clock. */
  readonly now?: number;
}

const usualHours = 3;
const mostHours = 24;
/** Families whose baselines are held at a time. */
const atOnce = 200;

/**
 * Judges the last hours and the one that is running against the stored baselines and the fleet's scores, by the database's clock. It
 * reads the events of these hours only, and the documents of the families that are in them.
 * @throws KeyctlError 69, 77
 */
export async function judgeLive(ctx: Context, options: LiveOptions): Promise<Judged> {
  const extent = await ctx.db.query(logExtent);
  const now = options.now ?? extent.now;
  const hours = Math.min(mostHours, options.hours ?? usualHours);
  const span = { since: now - (now % hourMs) - hours * hourMs, until: now };
  const scored: Scored[] = [];
  const take = (each: Scored) => scored.push(each);
  const judged = await judgeFamilies(ctx, { ...options, ...span, take });
  if (options.families === undefined) await judgeAddresses(ctx, { ...span, take });
  const alertBudgetPerDay = options.alertBudgetPerDay ?? usualAlertBudget(extent.families);
  const fleet = newFleetScores();
  for (const bin of await ctx.db.query((db) => storedScores(db, now))) addBin(fleet, bin);
  const limits = thresholds(fleet, { alertBudgetPerDay, detectors });
  return {
    raised: raise(scored, limits, detectors),
    asOf: extent.lastAt === null ? null : isoOf(extent.lastAt),
    ...{ since: isoOf(span.since), until: isoOf(span.until) },
    ...{ families: judged, conservative: guessAt(limits, now), alertBudgetPerDay },
  };
}

interface Judging {
  readonly families?: readonly string[];
  readonly knowledge: Knowledge;
  readonly since: number;
  readonly until: number;
  readonly take: (scored: Scored) => void;
}

/** Answers how many families did something, or should have. */
async function judgeFamilies(ctx: Context, judging: Judging): Promise<number> {
  const { since, until, families = null } = judging;
  let under = new Map<string, Activity[]>();
  const batches: ReadonlyMap<string, readonly Activity[]>[] = [];
  // The walk of a batch asks the database: it waits until the stream of activity is over.
  await eachFamily(ctx, activityQuery({ since: since - 2 * hourMs, until, families }), (familyId) => {
    if (under.size >= atOnce || familyId === null) {
      batches.push(under);
      under = new Map();
    }
    const activity: Activity[] = [];
    if (familyId !== null) under.set(familyId, activity);
    return (each) => activity.push(each);
  });
  const silent = await ctx.db.query((db) => silentFamilies(db, { since, now: until }));
  const wanted = silent.filter(({ familyId }) => families?.includes(familyId) ?? true);
  await judgeBatches(ctx, judging, batches);
  await judgeSilent(ctx, judging, wanted);
  return batches.reduce((sum, batch) => sum + batch.size, wanted.length);
}

/** The server reads the documents of the next batch while one is judged. */
async function judgeBatches(
  ctx: Context,
  judging: Judging,
  batches: readonly ReadonlyMap<string, readonly Activity[]>[],
): Promise<void> {
  let next = knownOf(ctx, [...(batches[0]?.keys() ?? [])]);
  for (const [index, batch] of batches.entries()) {
    const known = await next;
    next = knownOf(ctx, [...(batches[index + 1]?.keys() ?? [])]);
    // What was asked leaves this process only now: judging lets nothing else happen.
    await setImmediate();
    judgeBatch(judging, batch, known);
  }
  await next;
}

/** What is known of families that are to be judged. */
interface Known {
  readonly subjects: ReadonlyMap<string, Subject>;
  /** The family's baseline, read anew each time. */
  readonly baselineOf: (familyId: string) => Baseline | null;
}

async function knownOf(ctx: Context, families: readonly string[]): Promise<Known> {
  if (families.length === 0) return { subjects: new Map(), baselineOf: () => null };
  const [subjects, texts] = await Promise.all([
    ctx.db.query((db) => subjectsOf(db, families)),
    ctx.db.query((db) => baselineTexts(db, families)),
  ]);
  const baselineOf = (familyId: string) => {
    const text = texts.get(familyId);
    return text === undefined ? null : baselineFrom(text);
  };
  return { subjects, baselineOf };
}

function judgeBatch(
  { since, until, knowledge, take }: Judging,
  batch: ReadonlyMap<string, readonly Activity[]>,
  { subjects, baselineOf }: Known,
): void {
  for (const [familyId, subject] of subjects) {
    const baseline = baselineOf(familyId);
    const walk = familyWalk({ subject, since, until, knowledge, take, detectors, baseline });
    for (const activity of batch.get(familyId) ?? []) walk.push(activity);
    walk.end();
  }
}

/** Families without any activity: missed within the day, or unused for long. */
async function judgeSilent(
  ctx: Context,
  { since, until, knowledge, take }: Judging,
  silent: readonly SilentFamily[],
): Promise<void> {
  const families = silent.map(({ familyId }) => familyId);
  if (families.length === 0) return;
  const { subjects, baselineOf } = await knownOf(ctx, families);
  for (const { familyId, lastAt, stale } of silent) {
    const subject = subjects.get(familyId);
    const baseline = baselineOf(familyId);
    if (subject === undefined) continue;
    if (!stale) familyWalk({ subject, since, until, knowledge, take, detectors, baseline, lastAt }).end();
    else
      for (const detector of staleDetectors)
        for (const candidate of detector.detect(subject, baseline && { ...baseline, lastAt }, until))
          take({ candidate, stratum: 0, curve: [{ at: until, bits: candidate.bits }] });
  }
}

/** What addresses did is kept until their keys are known: it is that of the few that were refused, in some hours. */
async function judgeAddresses(ctx: Context, judging: Omit<Judging, 'families' | 'knowledge'>): Promise<void> {
  const { since, until, take } = judging;
  const uses: Use[] = [];
  for await (const piece of streamUses(ctx, addressQuery({ since: since - 2 * hourMs, until })))
    uses.push(...piece);
  if (uses.length === 0) return;
  const families = [...new Set(uses.flatMap(({ familyId }) => familyId ?? []))];
  const subjects = await ctx.db.query((db) => subjectsOf(db, families));
  const walk = addressWalk({ since, until, keys: keysOf(subjects), take, detectors: addressDetectors });
  pushUses(walk, uses);
  walk.end();
}
