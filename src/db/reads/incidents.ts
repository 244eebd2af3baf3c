import { type SQL, sql } from 'drizzle-orm';
import type { IncidentPhase, IncidentSeverity, IncidentState, IncidentType } from '../../domain/incident.js';
import type { Executor } from '../kernel.js';
import type { IncidentTargets } from '../kernel-incident-targets.js';

/** An incident as `keyctl.incident_list` has it. Times as the database writes them. */
export interface IncidentRow {
  readonly incident_id: string;
  readonly number: number;
  readonly title: string;
  readonly type: IncidentType;
  readonly severity: IncidentSeverity;
  readonly state: IncidentState;
  readonly lead: string | null;
  readonly opened_at: string;
  readonly opened_by: string;
  readonly detected_at: string;
  readonly closed_at: string | null;
  readonly reopened_at: string | null;
  readonly root_cause: string | null;
  readonly lessons: string | null;
  readonly playbook_name: string | null;
  readonly acknowledge_due_at: string;
  /** This and the other times of phases: null while the phase has to be done (again). */
  readonly acknowledged_at: string | null;
  readonly contain_due_at: string;
  readonly contained_at: string | null;
  readonly investigate_due_at: string;
  readonly investigated_at: string | null;
  readonly recover_due_at: string;
  readonly recovered_at: string | null;
  readonly review_required: boolean;
  readonly reviewed_at: string | null;
  /** The first phase that is not done; null when closed, or when none is left. */
  readonly next_clock: IncidentPhase | null;
  readonly next_due_at: string | null;
  readonly keys: number;
  /** Let in now, or by themselves later. */
  readonly keys_usable: number;
  readonly keys_dead: number;
  readonly refused_attempts: number;
  readonly accepted_attempts: number;
  readonly last_attempt_at: string | null;
  /** The first required step of the playbook that is not done. */
  readonly next_step: string | null;
  readonly steps: number;
  readonly steps_done: number;
  readonly follow_ups_open: number;
  readonly follow_ups_overdue: number;
  /** The moment of the reading, by the database's clock: what the clocks are compared with. */
  readonly read_at: string;
}

export interface IncidentFilter {
  /** Without: every state. */
  readonly open?: boolean;
  readonly severities?: readonly IncidentSeverity[];
  /** Those whose running clock is over. */
  readonly overdue?: boolean;
}

export interface IncidentPage {
  readonly rows: readonly IncidentRow[];
  /** Null on the last page. */
  readonly nextOffset: number | null;
}

/** Open ones first, by severity, then by what is due first; closed ones after them, newest first. */
export async function listIncidents(
  db: Executor,
  { filter, limit, offset }: { filter: IncidentFilter; limit: number; offset: number },
): Promise<IncidentPage> {
  const { open, severities, overdue } = filter;
  const conditions = [
    sql`true`,
    ...(open === true ? [sql`l.state <> 'closed'`] : []),
    ...(severities === undefined ? [] : [sql`l.severity = ${anyWord(severities)}`]),
    ...(overdue === true ? [sql`l.next_due_at < statement_timestamp()`] : []),
  ];
  const rows = await incidentRows(
    db,
    sql`where ${sql.join(conditions, sql` and `)}
    order by l.state = 'closed', case when l.state <> 'closed' then array_position(array['critical', 'high', 'medium', 'low'], l.severity) end,
      case when l.state <> 'closed' then l.next_due_at end, l.number desc
    limit ${limit + 1}::int offset ${offset}::int`,
  );
  return { rows: rows.slice(0, limit), nextOffset: rows.length > limit ? offset + limit : null };
}

/** Null: there is none of that number. */
export async function incidentRow(db: Executor, incidentId: string): Promise<IncidentRow | null> {
  const rows = await incidentRows(db, sql`where l.incident_id = ${incidentId}`);
  return rows[0] ?? null;
}

/** Incidents that a key is linked to, newest first. */
export function incidentsOfKey(db: Executor, keyId: string): Promise<IncidentRow[]> {
  return incidentRows(
    db,
    sql`where l.incident_id in (select k.incident_id from keyctl.incident_keys k where k.key_id = ${keyId}) order by l.number desc`,
  );
}

async function incidentRows(db: Executor, rest: SQL): Promise<IncidentRow[]> {
  const rows = await db.execute(sql`
    select to_jsonb(l) || jsonb_build_object('read_at', statement_timestamp()) as incident from keyctl.incident_list l ${rest}`);
  return rows.map((row) => row.incident as IncidentRow);
}

/** `in` for words of ours. */
function anyWord(words: readonly string[]): SQL {
  return sql`any (array(select jsonb_array_elements_text(${JSON.stringify(words)}::jsonb)))`;
}

/** How fast each phase has to be done, worst severity first. */
export async function incidentTargets(
  db: Executor,
): Promise<(IncidentTargets & { readonly severity: IncidentSeverity })[]> {
  const rows = await db.execute(sql`
    select to_jsonb(t) as targets from keyctl.incident_targets t
    order by array_position(array['critical', 'high', 'medium', 'low'], t.severity)`);
  return rows.map((row) => row.targets as IncidentTargets & { severity: IncidentSeverity });
}
