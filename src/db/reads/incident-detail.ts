import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import type { CloseBlocker } from '../kernel-incidents.js';

/** A key of an incident, and what was tried with it since its death. */
export interface IncidentKey {
  readonly key_id: string;
  readonly name: string;
  readonly version: number;
  readonly status: string;
  readonly owner: string | null;
  readonly reason: string | null;
  readonly linked_at: string;
  readonly linked_by: string;
  /** Null while it is usable, or not usable yet. */
  readonly dead_since: string | null;
  readonly suspended_until: string | null;
  readonly successor_id: string | null;
  readonly last_used_at: string | null;
  readonly refused: number;
  readonly accepted: number;
  readonly last_attempt_at: string | null;
}

export interface IncidentLink {
  readonly url: string;
  readonly title: string | null;
  readonly linked_at: string;
  readonly linked_by: string;
}

/** A step that was taken, finished or left out; steps that nobody touched have no row. */
export interface IncidentStep {
  readonly step: string;
  readonly state: 'running' | 'done' | 'skipped';
  readonly operation_id: string;
  readonly taken_at: string;
  readonly taken_by: string;
  readonly heard_at: string;
  readonly finished_at: string | null;
  readonly finished_by: string | null;
  readonly result: Readonly<Record<string, unknown>>;
  readonly reason: string | null;
}

export interface FollowUp {
  readonly follow_up_id: string;
  readonly incident_id: string;
  readonly title: string;
  readonly owner: string;
  /** A day. */
  readonly due_on: string;
  readonly overdue: boolean;
  readonly added_at: string;
  readonly added_by: string;
  readonly done_at: string | null;
  readonly done_by: string | null;
}

/** Use of a dead key from one address. */
export interface IncidentAttempt {
  readonly key_id: string;
  readonly ip: string;
  readonly accepted: boolean;
  readonly requests: number;
  readonly first_at: string;
  readonly last_at: string;
}

/** Everything that hangs on an incident but its timeline, as of one snapshot. */
export interface IncidentDetail {
  readonly keys: readonly IncidentKey[];
  readonly links: readonly IncidentLink[];
  readonly steps: readonly IncidentStep[];
  readonly follow_ups: readonly FollowUp[];
  /** Newest first, the hundred newest of them. */
  readonly attempts: readonly IncidentAttempt[];
  /** The playbook as it was kept; null before the walkthrough. */
  readonly playbook: Readonly<Record<string, unknown>> | null;
  /** What keeps it from being closed. */
  readonly blockers: readonly CloseBlocker[];
}

/** Undefined for an incident that there is not. */
export async function incidentDetail(db: Executor, incidentId: string): Promise<IncidentDetail | undefined> {
  const rows = await db.execute(sql`
    select jsonb_build_object(
      'keys', ${list(keysOf(incidentId))}, 'links', ${list(linksOf(incidentId))}, 'steps', ${list(stepsOf(incidentId))},
      'follow_ups', ${list(followUpRows(sql`f.incident_id = ${incidentId}`))}, 'attempts', ${list(attemptsOf(incidentId))},
      'playbook', i.playbook,
      'blockers', case when i.state = 'closed' then '[]' else keyctl.close_blockers(i.incident_id) end) as detail
    from keyctl.incidents i where i.incident_id = ${incidentId}`);
  return rows[0]?.detail as IncidentDetail | undefined;
}

/** What is still to be done about incidents, by the day it is due; done ones too with `all`. */
export async function listFollowUps(
  db: Executor,
  { all, overdue }: { readonly all: boolean; readonly overdue: boolean },
): Promise<FollowUp[]> {
  const rows = await db.execute(
    sql`select to_jsonb(x) as follow_up from (${followUpRows(
      sql`${all ? sql`true` : sql`f.done_at is null`} and ${overdue ? sql`f.done_at is null and f.due_on < ${today}` : sql`true`}`,
    )}) x`,
  );
  return rows.map((row) => row.follow_up as FollowUp);
}

/** A list of rows as JSON, in their own order. */
function list(rows: SQL): SQL {
  return sql`(select coalesce(jsonb_agg(to_jsonb(x)), '[]') from (${rows}) x)`;
}

const today = sql`(statement_timestamp() at time zone 'UTC')::date`;

function keysOf(incidentId: string): SQL {
  return sql`
    select k.key_id, k.name, k.version, k.status, o.email as owner, k.reason, k.linked_at, k.linked_by, k.dead_since, k.suspended_until,
      k.successor_id, k.last_used_at, k.refused, k.accepted, k.last_attempt_at
    from keyctl.incident_key_list k left join keyctl.owners o on o.owner_id = k.owner_id
    where k.incident_id = ${incidentId}
    order by array_position(array['active', 'retiring', 'suspended', 'pending'], k.status), k.linked_at, k.key_id`;
}

function linksOf(incidentId: string): SQL {
  return sql`select l.url, l.title, l.linked_at, l.linked_by from keyctl.incident_links l
    where l.incident_id = ${incidentId} order by l.linked_at, l.url`;
}

function stepsOf(incidentId: string): SQL {
  return sql`select s.step, s.state, s.operation_id, s.taken_at, s.taken_by, s.heard_at, s.finished_at, s.finished_by, s.result, s.reason
    from keyctl.incident_steps s where s.incident_id = ${incidentId} order by s.taken_at, s.step`;
}

function followUpRows(where: SQL): SQL {
  return sql`select f.follow_up_id, f.incident_id, f.title, f.owner, f.due_on, f.done_at is null and f.due_on < ${today} as overdue,
      f.added_at, f.added_by, f.done_at, f.done_by
    from keyctl.incident_follow_ups f where ${where} order by f.due_on, f.follow_up_id`;
}

function attemptsOf(incidentId: string): SQL {
  return sql`
    select a.key_id, a.ip, a.accepted, sum(a.requests)::bigint as requests, min(a.first_at) as first_at, max(a.last_at) as last_at
    from keyctl.incident_keys l join keyctl.incident_attempts a on a.key_id = l.key_id
    where l.incident_id = ${incidentId}
    group by 1, 2, 3 order by max(a.last_at) desc, a.key_id, a.ip limit 100`;
}
