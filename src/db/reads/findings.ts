import { type SQL, sql } from 'drizzle-orm';
import {
  type DetectorFamily,
  type Evidence,
  type Severity,
  severities,
} from '../../domain/detect/finding.js';
import type { FindingStatus, KeptFinding } from '../../domain/detect/kept-finding.js';
import type { Executor } from '../kernel.js';
import type { Response } from '../kernel-findings.js';
import { anyOf } from './keys.js';

/** Which findings; what is absent narrows nothing. Times are RFC 3339. */
export interface FindingFilter {
  readonly ids?: readonly string[];
  readonly statuses?: readonly FindingStatus[];
  readonly severities?: readonly Severity[];
  readonly familyIds?: readonly string[];
  readonly detectors?: readonly string[];
  readonly ips?: readonly string[];
  /** That this incident came from, or took up. */
  readonly incidentId?: string;
  /** Seen at that time or later. */
  readonly since?: string;
  /** Began before. */
  readonly until?: string;
  readonly limit?: number;
}

const ms = (column: string): SQL =>
  sql`(extract(epoch from ${sql.raw(column)}) * 1000)::float8 as ${sql.raw(column)}`;

/** The findings that fit, the one seen last first. */
export async function findings(db: Executor, filter: FindingFilter): Promise<KeptFinding[]> {
  const rows = await db.execute(sql`
    select finding_id, detector, detector_family, severity, key_id, family_id, ip, cause, story, ${ms('onset_at')}, ${ms('window_start')},
      ${ms('window_end')}, ${ms('last_seen_at')}, ${ms('detected_at')}, observed, expected_low, expected_high,
      bits, calibrated_bits, weight, evidence, reproduce_sql, status, ${ms('status_at')}, status_by,
      status_reason, incident_id, key_name, external_id, key_version, key_status, owner
    from keyctl.finding_list where ${sql.join(conditionsOf(filter), sql` and `)}
    order by keyctl.finding_list.last_seen_at desc, finding_id
    limit ${filter.limit ?? null}::bigint`);
  return Array.from(rows, findingOf);
}

function conditionsOf(filter: FindingFilter): SQL[] {
  const conditions: SQL[] = [sql`true`];
  const any = (column: SQL, values: readonly string[] | undefined) => {
    if (values !== undefined) conditions.push(sql`${column} = ${anyOf(values)}`);
  };
  any(sql`finding_id`, filter.ids);
  any(sql`status`, filter.statuses);
  any(sql`severity`, filter.severities);
  any(sql`family_id`, filter.familyIds);
  any(sql`detector`, filter.detectors);
  any(sql`ip`, filter.ips);
  if (filter.incidentId !== undefined) conditions.push(sql`incident_id = ${filter.incidentId}`);
  if (filter.since !== undefined) {
    conditions.push(sql`keyctl.finding_list.last_seen_at >= ${filter.since}::timestamptz`);
  }
  if (filter.until !== undefined) {
    conditions.push(sql`keyctl.finding_list.onset_at < ${filter.until}::timestamptz`);
  }
  return conditions;
}

function findingOf(row: Record<string, unknown>): KeptFinding {
  const text = (name: string) => row[name] as string | null;
  const number = (name: string) => (row[name] === null ? null : Number(row[name]));
  return {
    findingId: String(row.finding_id),
    detector: String(row.detector),
    family: row.detector_family as DetectorFamily,
    severity: row.severity as Severity,
    keyId: text('key_id'),
    familyId: text('family_id'),
    keyName: text('key_name'),
    externalId: text('external_id'),
    keyVersion: number('key_version'),
    keyStatus: text('key_status'),
    owner: text('owner'),
    ip: text('ip'),
    cause: String(row.cause),
    story: String(row.story),
    onsetAt: Number(row.onset_at),
    windowStart: Number(row.window_start),
    windowEnd: Number(row.window_end),
    lastSeenAt: Number(row.last_seen_at),
    detectedAt: Number(row.detected_at),
    observed: Number(row.observed),
    expectedLow: number('expected_low'),
    expectedHigh: number('expected_high'),
    bits: number('calibrated_bits') ?? number('bits'),
    scoreBits: number('bits'),
    calibratedBits: number('calibrated_bits'),
    weight: Number(row.weight),
    evidence: row.evidence as Evidence,
    reproduceSql: String(row.reproduce_sql),
    status: row.status as FindingStatus,
    statusAt: number('status_at'),
    statusBy: text('status_by'),
    statusReason: text('status_reason'),
    incidentId: text('incident_id'),
    kept: true,
  };
}

/** Open findings by severity, every severity with its number. */
export async function openFindings(db: Executor): Promise<Readonly<Record<Severity, number>>> {
  const rows = await db.execute(
    sql`select severity, count(*)::int as findings from keyctl.findings where status = 'open' group by 1`,
  );
  const counted = new Map(rows.map((row) => [String(row.severity), Number(row.findings)]));
  return Object.fromEntries(severities.map((severity) => [severity, counted.get(severity) ?? 0])) as Record<
    Severity,
    number
  >;
}

/** When live detection looked last, milliseconds since 1970 by the log's time; null: never yet. */
export async function judgedUntil(db: Executor): Promise<number | null> {
  const rows = await db.execute(
    sql`select (extract(epoch from judged_until) * 1000)::float8 as at from keyctl.detection_state`,
  );
  const at = rows[0]?.at ?? null;
  return at === null ? null : Number(at);
}

export interface ResponseRule {
  readonly name: string;
  /** Null: every detector. */
  readonly detector: string | null;
  readonly leastSeverity: Severity;
  readonly response: Response;
  readonly lastsSeconds: number | null;
  readonly mostPerHour: number;
  readonly setAt: string;
  readonly setBy: string;
  /** What it did in the last 24 hours. */
  readonly responses: number;
}

export async function responseRules(db: Executor): Promise<readonly ResponseRule[]> {
  const rows = await db.execute(sql`
    select r.rule_name, r.detector, r.least_severity, r.response, r.lasts_seconds::float8, r.most_per_hour,
      to_jsonb(r.set_at) #>> '{}' as set_at, r.set_by,
      (select count(*) from keyctl.responses d
       where d.rule_name = r.rule_name and d.responded_at > statement_timestamp() - interval '24 hours')::int as responses
    from keyctl.response_rules r order by r.rule_name`);
  return Array.from(rows, (row) => ({
    name: String(row.rule_name),
    detector: row.detector as string | null,
    leastSeverity: row.least_severity as Severity,
    response: row.response as Response,
    lastsSeconds: row.lasts_seconds === null ? null : Number(row.lasts_seconds),
    mostPerHour: Number(row.most_per_hour),
    setAt: String(row.set_at),
    setBy: String(row.set_by),
    responses: Number(row.responses),
  }));
}

/** What was responded in the last hour, what only notifies apart: as the kernel counts it against `most_per_hour`. */
export async function recentResponses(
  db: Executor,
): Promise<{ readonly acted: number; readonly notified: number; readonly done: ReadonlySet<string> }> {
  const rows = await db.execute(sql`
    select finding_id || ' ' || rule_name as done, response = 'notify' as notifies,
      responded_at > statement_timestamp() - interval '1 hour' as recent
    from keyctl.responses where responded_at > statement_timestamp() - interval '48 hours'`);
  const recent = rows.filter((row) => row.recent === true);
  return {
    acted: recent.filter((row) => row.notifies !== true).length,
    notified: recent.filter((row) => row.notifies === true).length,
    done: new Set(Array.from(rows, (row) => String(row.done))),
  };
}
