import { sql } from 'drizzle-orm';
import type { IncidentMark, IncidentSeverity, IncidentState, IncidentType } from '../domain/incident.js';
import type { IncidentNews } from './incident-news.js';
import { answer, type Change, type ChangeAnswer, type Executor, json, textList, who } from './kernel.js';

/** The typed calls of the kernel for incidents themselves; see `kernel.ts`. Steps stand in `kernel-incident-steps.ts`. */

export interface NewIncident {
  readonly title: string;
  readonly type: IncidentType;
  readonly severity: IncidentSeverity;
  /** RFC 3339; null: now. */
  readonly detectedAt: string | null;
  readonly lead: string | null;
  /** The finding that it comes from. */
  readonly findingId?: string | null;
  readonly keyIds: readonly string[];
}

export interface OpenAnswer extends ChangeAnswer {
  readonly outcome: 'opened';
  readonly incident_id: string;
  readonly title: string;
  readonly type: IncidentType;
  readonly severity: IncidentSeverity;
  /** As it was opened: `contained` when its keys were all dead. */
  readonly state: IncidentState;
  readonly lead: string | null;
  readonly opened_at: string;
  readonly detected_at: string;
  readonly key_ids: readonly string[];
}

/** An incident as `open_incident` takes it. */
export function incidentRow(input: Omit<NewIncident, 'keyIds'>): Readonly<Record<string, string | null>> {
  const { title, type, severity, detectedAt, lead, findingId = null } = input;
  return { title, type, severity, detected_at: detectedAt, lead, finding_id: findingId };
}

export function openIncident(db: Executor, change: Change, input: NewIncident): Promise<OpenAnswer> {
  return answer(
    db,
    sql`select keyctl.open_incident(${who(change)}, ${json(incidentRow(input))}, ${textList(input.keyIds)}) as answer`,
  );
}

export interface AcknowledgeAnswer extends ChangeAnswer {
  readonly outcome: 'acknowledged' | 'already_acknowledged';
  readonly incident_id: string;
  readonly state: IncidentState;
  readonly at: string | null;
}

export function acknowledgeIncident(
  db: Executor,
  change: Change,
  incidentId: string,
): Promise<AcknowledgeAnswer> {
  return answer(db, sql`select keyctl.acknowledge_incident(${who(change)}, ${incidentId}) as answer`);
}

export interface AssignAnswer extends ChangeAnswer {
  readonly outcome: 'assigned' | 'unchanged';
  readonly incident_id: string;
  readonly lead: string | null;
  readonly lead_before: string | null;
}

/** @param input.lead null: nobody leads it */
export function assignIncident(
  db: Executor,
  change: Change,
  input: { incidentId: string; lead: string | null },
): Promise<AssignAnswer> {
  return answer(
    db,
    sql`select keyctl.assign_incident(${who(change)}, ${input.incidentId}, ${input.lead}) as answer`,
  );
}

export interface NoteAnswer extends ChangeAnswer {
  readonly outcome: 'noted';
  readonly incident_id: string;
}

export function noteIncident(
  db: Executor,
  change: Change,
  input: { incidentId: string; note: string },
): Promise<NoteAnswer> {
  return answer(
    db,
    sql`select keyctl.note_incident(${who(change)}, ${input.incidentId}, ${input.note}) as answer`,
  );
}

export interface LinkKeysAnswer extends ChangeAnswer {
  readonly outcome: 'linked' | 'already_linked';
  readonly incident_id: string;
  /** Those that were not linked before. */
  readonly key_ids: readonly string[];
  readonly state: IncidentState;
}

export function linkIncidentKeys(
  db: Executor,
  change: Change,
  input: { incidentId: string; keyIds: readonly string[]; reason: string | null },
): Promise<LinkKeysAnswer> {
  return answer(
    db,
    sql`select keyctl.link_incident_keys(${who(change)}, ${input.incidentId}, ${textList(input.keyIds)}, ${input.reason}) as answer`,
  );
}

export interface LinkUrlAnswer extends ChangeAnswer {
  readonly outcome: 'linked' | 'already_linked';
  readonly incident_id: string;
  readonly url: string;
}

export function linkUrl(
  db: Executor,
  change: Change,
  input: { incidentId: string; url: string; title: string | null },
): Promise<LinkUrlAnswer> {
  return answer(
    db,
    sql`select keyctl.link_url(${who(change)}, ${input.incidentId}, ${input.url}, ${input.title}) as answer`,
  );
}

/** What can be changed; snake_case because it travels as JSON. */
export interface IncidentChanges {
  readonly title?: string;
  readonly type?: IncidentType;
  readonly severity?: IncidentSeverity;
  readonly detected_at?: string;
}

export interface ChangeIncidentAnswer extends ChangeAnswer {
  readonly outcome: 'changed' | 'unchanged';
  readonly incident_id: string;
  readonly before: IncidentChanges;
  readonly after: IncidentChanges;
}

export function changeIncident(
  db: Executor,
  change: Change,
  input: { incidentId: string; changes: IncidentChanges; reason: string },
): Promise<ChangeIncidentAnswer> {
  return answer(
    db,
    sql`select keyctl.change_incident(${who(change)}, ${input.incidentId}, ${json(input.changes)}, ${input.reason}) as answer`,
  );
}

export interface MarkAnswer extends ChangeAnswer {
  readonly outcome: 'marked' | 'already_marked';
  readonly incident_id: string;
  readonly mark: IncidentMark;
  readonly state: IncidentState;
  readonly at: string | null;
}

/** @param input.text the root cause (investigated), the lessons (reviewed), or by what keys are restricted that stay usable (contained) */
export function markIncident(
  db: Executor,
  change: Change,
  input: { incidentId: string; mark: IncidentMark; text: string | null },
): Promise<MarkAnswer> {
  return answer(
    db,
    sql`select keyctl.mark_incident(${who(change)}, ${input.incidentId}, ${input.mark}, ${input.text}) as answer`,
  );
}

/** What keeps an incident from being closed. */
export interface CloseBlocker {
  readonly kind: 'usable_key' | 'open_step' | 'unexplained_skip' | 'review_missing';
  readonly key_id: string | null;
  readonly step: string | null;
}

export interface CloseAnswer extends ChangeAnswer {
  readonly outcome: 'closed' | 'already_closed';
  readonly incident_id: string;
  readonly closed_at: string;
  /** What was left and overridden. */
  readonly left: readonly CloseBlocker[];
}

/** @param input.override a reason: close it although something is left */
export function closeIncident(
  db: Executor,
  change: Change,
  input: { incidentId: string; override: string | null },
): Promise<CloseAnswer> {
  return answer(
    db,
    sql`select keyctl.close_incident(${who(change)}, ${input.incidentId}, ${input.override}) as answer`,
  );
}

export interface CorrectAnswer extends ChangeAnswer {
  readonly outcome: 'corrected' | 'unchanged';
  readonly incident_id: string;
  readonly corrected_seq: number;
  readonly at: string;
  readonly at_before: string;
  /** The phase whose clock followed; null when the row is no phase's. */
  readonly phase: string | null;
}

export function correctTime(
  db: Executor,
  change: Change,
  input: { incidentId: string; auditSeq: number; at: string; reason: string },
): Promise<CorrectAnswer> {
  return answer(
    db,
    sql`select keyctl.correct_time(${who(change)}, ${input.incidentId}, ${input.auditSeq}::bigint, ${input.at}::timestamptz, ${input.reason}) as answer`,
  );
}

/** Looks at hours in which events of linked keys came in; `looked` below the limit means that nothing is left. */
export function watchIncidents(
  db: Executor,
  change: Change,
  limit: number,
): Promise<IncidentNews & { readonly looked: number }> {
  return answer(db, sql`select keyctl.watch_incidents(${who(change)}, ${limit}::int) as answer`);
}
