import type {
  FollowUp,
  IncidentAttempt,
  IncidentKey,
  IncidentLink,
  IncidentStep,
} from '../../db/reads/incident-detail.js';
import type { IncidentRow } from '../../db/reads/incidents.js';
import { secondsLeft } from '../../domain/incident.js';
import { isoTime } from '../../domain/stored-time.js';
import type { Json } from '../renderer.js';
import { clocksOf } from './incident-clocks.js';

/** Columns of csv. */
export const incidentFields = [
  ...[
    'incident_id',
    'title',
    'type',
    'severity',
    'state',
    'lead',
    'opened_at',
    'opened_by',
    'detected_at',
    'closed_at',
  ],
  ...['reopened_at', 'next_clock', 'next_due_at', 'next_left_seconds', 'keys', 'keys_usable', 'keys_dead'],
  ...[
    'refused_attempts',
    'accepted_attempts',
    'last_attempt_at',
    'playbook',
    'next_step',
    'steps',
    'steps_done',
  ],
  ...['follow_ups_open', 'follow_ups_overdue', 'clocks'],
] as const;

export function incidentRecord(row: IncidentRow): Record<(typeof incidentFields)[number], Json> {
  const now = new Date(isoTime(row.read_at));
  const next = row.next_due_at === null ? null : new Date(isoTime(row.next_due_at));
  return {
    incident_id: row.incident_id,
    title: row.title,
    type: row.type,
    severity: row.severity,
    state: row.state,
    lead: row.lead,
    opened_at: isoTime(row.opened_at),
    opened_by: row.opened_by,
    detected_at: isoTime(row.detected_at),
    closed_at: isoTime(row.closed_at),
    reopened_at: isoTime(row.reopened_at),
    next_clock: row.next_clock,
    next_due_at: isoTime(row.next_due_at),
    next_left_seconds: secondsLeft({ dueAt: next }, now),
    keys: row.keys,
    keys_usable: row.keys_usable,
    keys_dead: row.keys_dead,
    refused_attempts: row.refused_attempts,
    accepted_attempts: row.accepted_attempts,
    last_attempt_at: isoTime(row.last_attempt_at),
    playbook: row.playbook_name,
    next_step: row.next_step,
    steps: row.steps,
    steps_done: row.steps_done,
    follow_ups_open: row.follow_ups_open,
    follow_ups_overdue: row.follow_ups_overdue,
    clocks: clocksOf(row).map((clock) => ({
      phase: clock.phase,
      due_at: clock.dueAt?.toISOString() ?? null,
      done_at: clock.doneAt?.toISOString() ?? null,
      left_seconds: clock.doneAt === null ? secondsLeft(clock, now) : null,
      required: clock.required,
    })),
  };
}

export function incidentKeyRecord(key: IncidentKey): Record<string, Json> {
  return {
    key_id: key.key_id,
    name: key.name,
    version: key.version,
    status: key.status,
    owner: key.owner,
    reason: key.reason,
    linked_at: isoTime(key.linked_at),
    linked_by: key.linked_by,
    dead_since: isoTime(key.dead_since),
    suspended_until: isoTime(key.suspended_until),
    successor_id: key.successor_id,
    last_used_at: isoTime(key.last_used_at),
    refused_attempts: key.refused,
    accepted_attempts: key.accepted,
    last_attempt_at: isoTime(key.last_attempt_at),
  };
}

export function linkRecord(link: IncidentLink): Record<string, Json> {
  return { url: link.url, title: link.title, linked_at: isoTime(link.linked_at), linked_by: link.linked_by };
}

export function stepRecord(step: IncidentStep): Record<string, Json> {
  return {
    step: step.step,
    state: step.state,
    operation_id: step.operation_id,
    taken_at: isoTime(step.taken_at),
    taken_by: step.taken_by,
    finished_at: isoTime(step.finished_at),
    finished_by: step.finished_by,
    reason: step.reason,
    result: step.result as Record<string, Json>,
  };
}

/** Columns of csv. */
export const followUpFields = [
  ...[
    'follow_up_id',
    'incident_id',
    'title',
    'owner',
    'due_on',
    'overdue',
    'added_at',
    'added_by',
    'done_at',
    'done_by',
  ],
] as const;

export function followUpRecord(each: FollowUp): Record<(typeof followUpFields)[number], Json> {
  return {
    follow_up_id: each.follow_up_id,
    incident_id: each.incident_id,
    title: each.title,
    owner: each.owner,
    due_on: each.due_on,
    overdue: each.overdue,
    added_at: isoTime(each.added_at),
    added_by: each.added_by,
    done_at: isoTime(each.done_at),
    done_by: each.done_by,
  };
}

export function attemptRecord(each: IncidentAttempt): Record<string, Json> {
  return {
    key_id: each.key_id,
    ip: each.ip,
    accepted: each.accepted,
    requests: each.requests,
    first_at: isoTime(each.first_at),
    last_at: isoTime(each.last_at),
  };
}
