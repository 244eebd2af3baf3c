import { sql } from 'drizzle-orm';
import type { DetectorFamily, Severity } from '../../domain/detect/finding.js';
import type { FindingStatus } from '../../domain/detect/kept-finding.js';
import type { QueuedFinding } from '../../domain/review.js';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';

/** A finding with whom it is about. */
export interface QueueRow extends QueuedFinding {
  readonly keyId: string | null;
  readonly familyId: string | null;
  readonly ip: string | null;
}

/** More than this nobody reviews; the newest are taken. */
const mostFindings = 20_000;

/** What is not dismissed and was seen since then, the newest first, without the evidence: 10,000 are 2 MB less to send. */
export async function queuedFindings(db: Executor, since: string): Promise<readonly QueueRow[]> {
  const rows = await db.execute(sql`
    select f.finding_id, f.detector, f.detector_family, f.severity, f.key_id, f.family_id, f.ip, f.cause,
      extract(epoch from f.onset_at)::float8 as onset_at, extract(epoch from f.last_seen_at)::float8 as last_seen_at,
      extract(epoch from f.detected_at)::float8 as detected_at, coalesce(f.calibrated_bits, f.bits) as bits, f.weight, f.status,
      f.incident_id, left(f.evidence ->> 'summary', 500) as summary
    from keyctl.findings f
    where f.last_seen_at >= ${since}::timestamptz and f.status <> 'dismissed'
    order by f.last_seen_at desc, f.finding_id limit ${mostFindings}`);
  return Array.from(rows, (row) => ({
    findingId: String(row.finding_id),
    detector: String(row.detector),
    family: row.detector_family as DetectorFamily,
    severity: row.severity as Severity,
    keyId: row.key_id as string | null,
    familyId: row.family_id as string | null,
    ip: row.ip as string | null,
    cause: String(row.cause),
    onsetAt: msOf(row.onset_at),
    lastSeenAt: msOf(row.last_seen_at),
    detectedAt: msOf(row.detected_at),
    bits: row.bits === null ? null : Number(row.bits),
    weight: Number(row.weight),
    status: row.status as FindingStatus,
    incidentId: row.incident_id as string | null,
    summary: String(row.summary ?? ''),
  }));
}

/** A key as a line of the review shows it. */
export interface ReviewedKey {
  readonly id: string;
  readonly familyId: string;
  readonly name: string;
  readonly version: number;
  readonly status: string;
  readonly owner: string | null;
  readonly scopes: readonly string[];
  readonly activatedAt: number | null;
  readonly lastUsedAt: number | null;
}

/** The keys that `queuedFindings` names. */
export async function reviewedKeys(db: Executor, since: string): Promise<readonly ReviewedKey[]> {
  const rows = await db.execute(sql`
    select k.id, k.family_id, k.name, k.version, k.status, o.email, k.scopes,
      extract(epoch from k.activated_at)::float8 as activated_at, extract(epoch from k.last_used_at)::float8 as last_used_at
    from keyctl.keys k left join keyctl.owners o on o.owner_id = k.owner_id
    where k.id in (select f.key_id from keyctl.findings f
      where f.last_seen_at >= ${since}::timestamptz and f.status <> 'dismissed')`);
  return Array.from(rows, (row) => ({
    id: String(row.id),
    familyId: String(row.family_id),
    name: String(row.name),
    version: Number(row.version),
    status: String(row.status),
    owner: row.email as string | null,
    scopes: row.scopes as readonly string[],
    activatedAt: row.activated_at === null ? null : msOf(row.activated_at),
    lastUsedAt: row.last_used_at === null ? null : msOf(row.last_used_at),
  }));
}

export interface QueueState {
  /** Findings of the last 24 hours that were held against the threshold of the fleet. */
  readonly raised: number;
  readonly families: number;
  /** When live detection looked last; null: never. */
  readonly judgedUntil: number | null;
}

export async function queueState(db: Executor): Promise<QueueState> {
  const rows = await db.execute(sql`
    select
      (select count(distinct coalesce(f.family_id, f.ip))::int from keyctl.findings f
       where f.detected_at > statement_timestamp() - interval '1 day' and f.bits is not null) as raised,
      (select count(distinct k.family_id)::int from keyctl.api_keys k where k.activated_at is not null) as families,
      (select extract(epoch from s.judged_until)::float8 from keyctl.detection_state s) as judged_until`);
  const [row] = rows;
  const judged = row?.judged_until ?? null;
  return {
    raised: Number(row?.raised ?? 0),
    families: Number(row?.families ?? 0),
    judgedUntil: judged === null ? null : msOf(judged),
  };
}

/** Requests of a key in an hour. */
export interface KeyHour {
  readonly keyId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly requests: number;
}

/**
 * Requests by key and hour, from that many hours ago to now: closed hours from the rollup, what it has not counted yet from the
 * events themselves. Hours without a request are absent.
 */
export async function keyHours(
  db: Executor,
  keyIds: readonly string[],
  hours: number,
): Promise<readonly KeyHour[]> {
  const keys = arrayLiteral(keyIds);
  const rows = await db.execute(sql`
    with span as materialized (
      select date_trunc('hour', statement_timestamp(), 'UTC') - (${hours - 1} * interval '1 hour') as since,
        (select s.rolled_until from keyctl.rollup_status s) as rolled_until
    )
    select h.key_id, extract(epoch from h.hour)::float8 as at, h.requests::float8 as requests
    from keyctl.usage_hours h
    where h.key_id = any (${keys}::text[]) and h.hour >= (select since from span) and h.hour < (select rolled_until from span)
    union all
    select e.key_id, extract(epoch from date_trunc('hour', e.ts, 'UTC'))::float8, count(*)::float8
    from keyctl.usage_events e
    where e.key_id = any (${keys}::text[]) and e.ts <= statement_timestamp()
      and e.ts >= (select greatest(since, rolled_until) from span)
    group by 1, 2`);
  return Array.from(rows, (row) => ({
    keyId: String(row.key_id),
    at: msOf(row.at),
    requests: Number(row.requests),
  }));
}

function msOf(seconds: unknown): number {
  return Math.round(Number(seconds) * 1000);
}
