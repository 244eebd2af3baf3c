import type { PointedFinding } from '../domain/detect/anomaly-list.js';
import type { KeptFinding } from '../domain/detect/kept-finding.js';
import { jsonText } from './json-text.js';
import type { Json } from './renderer.js';

/** A finding as programs read it from `audit anomalies`: what was seen, against what, and its query. */
export function anomalyRecord(finding: KeptFinding & Partial<PointedFinding>): Record<string, Json> {
  return {
    finding_id: finding.findingId,
    detector: finding.detector,
    family: finding.family,
    severity: finding.severity,
    risk_points: finding.points ?? 0,
    key_id: finding.keyId,
    key_name: finding.keyName,
    external_id: finding.externalId,
    ip: finding.ip,
    // What belongs to it began there; its numbers may be of a window that lies later (evidence.counted_since).
    window_start: iso(finding.onsetAt),
    window_end: iso(Math.max(finding.windowEnd, finding.onsetAt)),
    detected_at: iso(finding.detectedAt),
    observed: finding.observed,
    expected_low: finding.expectedLow,
    expected_high: finding.expectedHigh,
    bits: finding.bits,
    evidence: evidenceRecord(finding),
    reproduce_sql: finding.reproduceSql,
  };
}

/** The same with what became of it, from `audit findings`. */
export function findingRecord(finding: KeptFinding): Record<string, Json> {
  const { risk_points: _points, ...record } = anomalyRecord(finding);
  return {
    ...record,
    family_id: finding.familyId,
    key_status: finding.keyStatus,
    owner: finding.owner,
    cause: finding.cause,
    last_seen_at: iso(finding.lastSeenAt),
    status: finding.status,
    status_at: finding.statusAt === null ? null : iso(finding.statusAt),
    status_by: finding.statusBy,
    status_reason: finding.statusReason,
    incident_id: finding.incidentId,
  };
}

export const anomalyColumns = [
  ...[
    'finding_id',
    'detector',
    'family',
    'severity',
    'risk_points',
    'key_id',
    'key_name',
    'external_id',
    'ip',
  ],
  ...['window_start', 'window_end', 'detected_at', 'observed', 'expected_low', 'expected_high', 'bits'],
  ...['evidence', 'reproduce_sql'],
];

export const findingColumns = [
  ...anomalyColumns.filter((column) => column !== 'risk_points'),
  ...['family_id', 'key_status', 'owner', 'cause', 'last_seen_at', 'status', 'status_at', 'status_by'],
  ...['status_reason', 'incident_id'],
];

function evidenceRecord({ evidence, windowStart, windowEnd }: KeptFinding): Json {
  const { summary, factors, topIps, topEndpoints, historyDays, suggests } = evidence;
  const top = (values: typeof topIps) =>
    values.map(({ value, requests, isNew }) => ({ value, requests, new: isNew }));
  return {
    summary,
    counted_since: iso(windowStart),
    counted_until: iso(windowEnd),
    factors: factors.map(({ what, value, usual }) => ({ what, value, usual })),
    top_ips: top(topIps),
    top_endpoints: top(topEndpoints),
    history_days: historyDays,
    suggests,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** More does not fit into a pipe at once, and a program that is told needs no query of that length. */
const longestTold = 60_000;

/** A finding as a program that is told of it reads it on stdin. */
export function toldFinding(finding: KeptFinding): string {
  const record = findingRecord(finding);
  const whole = `${jsonText(record)}\n`;
  if (Buffer.byteLength(whole) <= longestTold) return whole;
  const { summary } = finding.evidence;
  return `${jsonText({ ...record, evidence: { summary: summary.slice(0, 1000) }, reproduce_sql: null })}\n`;
}
