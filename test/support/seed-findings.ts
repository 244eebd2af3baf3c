import { randomBytes } from 'node:crypto';
import type { Connection } from '../../src/db/connect.js';
import type { Evidence } from '../../src/domain/detect/finding.js';

export interface FindingRow {
  readonly keyId?: string;
  readonly familyId?: string;
  readonly ip?: string;
  readonly detector?: string;
  readonly family?: string;
  readonly severity?: string;
  readonly weight?: number;
  readonly bits?: number;
  readonly status?: 'open' | 'acknowledged' | 'dismissed' | 'escalated';
  readonly reason?: string;
  readonly hoursAgo?: number;
  readonly evidence?: Partial<Evidence>;
}

/** A finding as a detector would have left it, written past the kernel; answers its id. */
export async function seedFinding({ sql }: Connection, row: FindingRow = {}): Promise<string> {
  const id = `fnd_${randomBytes(6).toString('hex')}`;
  const evidence: Evidence = {
    ...{ summary: '512 requests in an hour', factors: [], topIps: [], topEndpoints: [] },
    ...{ historyDays: 28, suggests: null },
    ...row.evidence,
  };
  const hours = row.hoursAgo ?? 1;
  const at = sql`clock_timestamp() - ${hours}::float8 * interval '1 hour'`;
  await sql`
    insert into keyctl.findings (finding_id, detector, detector_family, severity, key_id, family_id, ip, cause, onset_at,
      window_start, window_end, last_seen_at, detected_at, observed, expected_low, expected_high, bits, weight, evidence,
      reproduce_sql, status, status_at, status_by, status_reason)
    values (${id}, ${row.detector ?? 'volume_requests'}, ${row.family ?? 'volume'}, ${row.severity ?? 'medium'},
      ${row.keyId ?? null}, ${row.familyId ?? row.keyId ?? null}, ${row.ip ?? null}, ${id}, ${at} - interval '2 minutes', ${at},
      ${at} + interval '5 minutes', ${at} + interval '5 minutes', ${at}, 512, 40, 80, ${row.bits ?? null}, ${row.weight ?? 0.45},
      ${JSON.stringify(evidence)}::text::jsonb, 'select 512 as observed', ${row.status ?? 'open'},
      ${row.status === undefined ? null : sql`clock_timestamp()`}, ${row.status === undefined ? null : 'oncall'},
      ${row.reason ?? null})`;
  return id;
}
