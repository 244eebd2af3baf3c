import { findings } from '../../db/reads/findings.js';
import { familyKeys } from '../../db/reads/keys.js';
import { seenValues, usualRequests } from '../../db/reads/review-detail.js';
import {
  keyHours,
  type QueueRow,
  queuedFindings,
  queueState,
  type ReviewedKey,
  reviewedKeys,
} from '../../db/reads/review-queue.js';
import type { SlotProfile } from '../../domain/detect/baseline.js';
import { usualAlertBudget } from '../../domain/detect/calibration.js';
import type { KeptFinding } from '../../domain/detect/kept-finding.js';
import { slotOf } from '../../domain/detect/profile.js';
import { riskOf } from '../../domain/detect/risk.js';
import type {
  ChartedHour,
  DetailedFinding,
  ReviewDetail,
  ReviewPicture,
  ReviewSubject,
} from '../../domain/review.js';
import type { Context } from '../context.js';
import { usageAsOf } from '../read-usage.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Of the chart. */
const chartHours = 96;
const timelineDays = 30;
const mostFindings = 200;

/**
 * The queue of the review: keys, and addresses without one, by risk. Reads only, and never evidence.
 * @param wanted.since findings that were seen since then
 * @param wanted.alertBudget alarms a day; null: 5 for 1,000 keys
 */
export async function readReview(
  ctx: Context,
  wanted: { readonly since: Date; readonly alertBudget: number | null },
): Promise<ReviewPicture> {
  const since = wanted.since.toISOString();
  const rows = await ctx.db.query((db) => queuedFindings(db, since));
  const keys = await ctx.db.query((db) => reviewedKeys(db, since));
  const state = await ctx.db.query(queueState);
  const asOf = await usageAsOf(ctx);
  return {
    subjects: subjectsOf(rows, keys, ctx.now().getTime()),
    alarms: { raised: state.raised, budgetPerDay: wanted.alertBudget ?? usualAlertBudget(state.families) },
    asOf: asOf === null ? null : Date.parse(asOf),
    judgedUntil: state.judgedUntil,
  };
}

function subjectsOf(rows: readonly QueueRow[], keys: readonly ReviewedKey[], now: number): ReviewSubject[] {
  const byId = new Map(keys.map((key) => [key.id, key]));
  const groups = new Map<string, QueueRow[]>();
  for (const row of rows) {
    const id = row.keyId ?? row.familyId ?? row.ip ?? '';
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [row]);
    else group.push(row);
  }
  return [...groups]
    .map(([id, own]) => subjectOf(id, own, byId.get(id) ?? null, now))
    .toSorted((a, b) => b.risk.risk - a.risk.risk || b.raisedAt - a.raisedAt);
}

function subjectOf(
  id: string,
  own: readonly QueueRow[],
  key: ReviewedKey | null,
  now: number,
): ReviewSubject {
  const open = own.filter(({ status }) => status === 'open');
  const [first] = own;
  const isKey = first !== undefined && (first.keyId !== null || first.familyId !== null);
  return {
    ...{
      id,
      keyId: isKey ? id : null,
      familyId: key?.familyId ?? first?.familyId ?? null,
      ip: isKey ? null : id,
    },
    ...{ name: key?.name ?? null, version: key?.version ?? null, status: key?.status ?? null },
    ...{ owner: key?.owner ?? null, scopes: key?.scopes ?? [], activatedAt: key?.activatedAt ?? null },
    lastUsedAt: key?.lastUsedAt ?? null,
    risk: riskOf(own, now),
    raisedAt: Math.min(...(open.length > 0 ? open : own).map(({ detectedAt }) => detectedAt)),
    isOpen: open.length > 0,
  };
}

/** Requests of each of the last 24 hours, the oldest first, of these keys. */
export async function readDays(
  ctx: Context,
  keyIds: readonly string[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  if (keyIds.length === 0) return new Map();
  const rows = await ctx.db.query((db) => keyHours(db, keyIds, 24));
  const first = Math.floor(ctx.now().getTime() / hourMs) - 23;
  const days = new Map(keyIds.map((id) => [id, Array<number>(24).fill(0)]));
  for (const { keyId, at, requests } of rows) {
    const hour = Math.floor(at / hourMs) - first;
    const day = days.get(keyId);
    if (day !== undefined && hour >= 0 && hour < 24) day[hour] = (day[hour] ?? 0) + requests;
  }
  return days;
}

/** What stands behind one subject: its findings with their evidence, and its family's use against what is usual. */
export async function readReviewDetail(ctx: Context, subject: ReviewSubject): Promise<ReviewDetail> {
  const now = ctx.now().getTime();
  const own = await ownFindings(ctx, subject, now);
  const { familyId } = subject;
  const nothing = { hours: [], ips: [], endpoints: [], agents: [], countedSince: now };
  if (familyId === null) return { id: subject.id, findings: own, ...nothing };
  const family = await ctx.db.query((db) => familyKeys(db, [familyId]));
  const keyIds = family.map(({ key }) => key.id);
  const onset = Math.min(
    now,
    ...own.filter(({ status }) => status !== 'dismissed').map(({ onsetAt }) => onsetAt),
  );
  const since = new Date(Math.max(onset, now - dayMs)).toISOString();
  const seen = await ctx.db.query((db) => seenValues(db, { keyIds, familyId, since }));
  return {
    ...seen,
    ...{ id: subject.id, findings: own, countedSince: seen.countedSince ?? Date.parse(since) },
    hours: await chartOf(ctx, keyIds, familyId, now),
  };
}

async function ownFindings(ctx: Context, subject: ReviewSubject, now: number): Promise<DetailedFinding[]> {
  const since = new Date(now - timelineDays * dayMs).toISOString();
  const { keyId, familyId, ip } = subject;
  const of = familyId === null ? { ips: ip === null ? [] : [ip] } : { familyIds: [familyId] };
  const all = await ctx.db.query((db) => findings(db, { ...of, since, limit: mostFindings }));
  return all.filter((each) => keyId === null || each.keyId === keyId || each.keyId === null).map(detailOf);
}

function detailOf(finding: KeptFinding): DetailedFinding {
  return { ...finding, summary: finding.evidence.summary };
}

async function chartOf(
  ctx: Context,
  keyIds: readonly string[],
  familyId: string,
  now: number,
): Promise<ChartedHour[]> {
  const profile = await ctx.db.query((db) => usualRequests(db, familyId));
  const rows = await ctx.db.query((db) => keyHours(db, keyIds, chartHours));
  const requests = new Map<number, number>();
  for (const row of rows) requests.set(row.at, (requests.get(row.at) ?? 0) + row.requests);
  const last = Math.floor(now / hourMs) * hourMs;
  return Array.from({ length: chartHours }, (_, index) => {
    const at = last - (chartHours - 1 - index) * hourMs;
    return { at, requests: requests.get(at) ?? 0, ...bandAt(profile, at) };
  });
}

function bandAt(profile: SlotProfile | null, at: number): Pick<ChartedHour, 'low' | 'high'> {
  const slot = slotOf(at);
  return { low: profile?.low[slot] ?? null, high: profile?.high[slot] ?? null };
}
