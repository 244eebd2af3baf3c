import { sql } from 'drizzle-orm';
import { baselineForm } from '../../domain/detect/baseline.js';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';
import type { IncidentRow } from './incidents.js';

/** A finding that is part of no incident, as JSON has it. Times as the database writes them. */
export interface LooseFinding {
  readonly finding_id: string;
  readonly detector: string;
  readonly detector_family: string;
  readonly severity: string;
  readonly key_id: string | null;
  readonly ip: string | null;
  readonly cause: string;
  readonly onset_at: string;
  readonly detected_at: string;
  readonly last_seen_at: string;
  readonly bits: number | null;
  readonly weight: number;
  readonly status: string;
  readonly summary: string;
  readonly key_name: string | null;
  readonly key_version: number | null;
  readonly key_status: string | null;
  readonly owner: string | null;
}

export interface TriageRows {
  readonly incidents: readonly IncidentRow[];
  readonly findings: readonly LooseFinding[];
  readonly read_at: string;
}

/** More are no board but a flood; the worst are taken. */
const mostIncidents = 1000;
const mostFindings = 1000;
const findingDays = 7;
/** Without it no risk of 70 comes about: the strengths of its findings, added up. */
const leastStrength = 0.7;

/**
 * The whole board in one statement, so that it can be read every second: open incidents, worst first, and the findings of
 * keys and addresses that are part of no incident and may be of a high risk. Findings that add nothing to a risk (the third
 * of a family and more) stay out, unless there is no other of their key.
 */
export async function triageRows(db: Executor): Promise<TriageRows> {
  const rows = await db.execute(sql`
    with loose as materialized (
      select f.finding_id, coalesce(f.key_id, f.family_id, f.ip) as subject, s.strength, f.last_seen_at,
        row_number() over (partition by coalesce(f.key_id, f.family_id, f.ip), f.detector_family
          order by s.strength desc, f.last_seen_at desc, f.finding_id) as place
      from keyctl.findings f
      cross join lateral (
        select f.weight * least(1, greatest(0, coalesce(f.calibrated_bits, f.bits, 6)) / 6) as strength) s
      where f.last_seen_at >= statement_timestamp() - ${findingDays} * interval '1 day'
        and f.status in ('open', 'acknowledged') and f.incident_id is null
        and not exists (select from keyctl.incident_keys l join keyctl.incidents i on i.incident_id = l.incident_id
          where l.key_id = f.key_id and i.state <> 'closed')
    ), grave as materialized (
      select subject, max(last_seen_at) as seen_at from loose where place <= 2
      group by subject having sum(strength) >= ${leastStrength}::float8
    ), found as materialized (
      select l.finding_id from loose l join grave g on g.subject = l.subject
      where l.place <= 2 order by g.seen_at desc, l.subject, l.strength desc limit ${mostFindings}
    )
    select jsonb_build_object(
      'read_at', statement_timestamp(),
      'incidents', (select coalesce(jsonb_agg(to_jsonb(x)), '[]') from (
        select l.*, statement_timestamp() as read_at from keyctl.incident_list l where l.state <> 'closed'
        order by array_position(array['critical', 'high', 'medium', 'low'], l.severity), l.next_due_at, l.number desc
        limit ${mostIncidents}) x),
      'findings', (select coalesce(jsonb_agg(to_jsonb(x)), '[]') from (
        select v.finding_id, v.detector, v.detector_family, v.severity, coalesce(v.key_id, v.family_id) as key_id, v.ip, v.cause,
          v.onset_at, v.detected_at, v.last_seen_at, coalesce(v.calibrated_bits, v.bits) as bits, v.weight, v.status,
          left(v.evidence ->> 'summary', 500) as summary, v.key_name, v.key_version, v.key_status, v.owner
        from keyctl.finding_list v where v.finding_id in (select finding_id from found)) x)) as board`);
  return rows[0]?.board as TriageRows;
}

export interface KeyUseNow {
  readonly keyId: string;
  readonly requests: number;
  readonly addresses: number;
  /** Null: its family has no baseline. */
  readonly newAddresses: number | null;
}

/** Requests of the last five minutes, and addresses of the last hour with those that the family's baseline does not know. */
export async function keysNow(db: Executor, keyIds: readonly string[]): Promise<readonly KeyUseNow[]> {
  const rows = await db.execute(sql`
    with recent as materialized (
      select key_id, coalesce(ip_text, '') as ip, count(*) filter (where ts > statement_timestamp() - interval '5 minutes') as requests
      from keyctl.usage_events
      where key_id = any (${arrayLiteral(keyIds)}::text[]) and ts > statement_timestamp() - interval '1 hour'
        and ts <= statement_timestamp()
      group by 1, 2
    )
    select r.key_id, sum(r.requests)::float8 as requests, count(*)::float8 as addresses,
      (count(*) filter (where not b.facts -> 'ips' ? r.ip))::float8 as new_addresses, bool_and(b.facts is not null) as known
    from recent r
    join keyctl.api_keys k on k.id = r.key_id
    left join keyctl.usage_baselines b on b.family_id = k.family_id and b.form = ${baselineForm}
    group by 1`);
  return Array.from(rows, (row) => ({
    keyId: String(row.key_id),
    requests: Number(row.requests),
    addresses: Number(row.addresses),
    newAddresses: row.known === true ? Number(row.new_addresses) : null,
  }));
}
