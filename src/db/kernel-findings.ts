import { sql } from 'drizzle-orm';
import type { Evidence, Severity } from '../domain/detect/finding.js';
import { answer, type Change, type ChangeAnswer, type Executor, json, textList, who } from './kernel.js';
import { incidentRow, type NewIncident } from './kernel-incidents.js';

/** The typed calls of the kernel that keep findings and respond to them; see `kernel.ts`. */

/** A row of `keyctl.findings`; snake_case because it travels as JSON. Times are RFC 3339. */
export interface NewFinding {
  readonly finding_id: string;
  readonly detector: string;
  readonly detector_family: string;
  readonly severity: Severity;
  readonly key_id: string | null;
  readonly family_id: string | null;
  readonly ip: string | null;
  readonly cause: string;
  /** Two of the same within 24 hours are one; at most 100 characters. */
  readonly story: string;
  readonly onset_at: string;
  readonly window_start: string;
  readonly window_end: string;
  readonly observed: number;
  readonly expected_low: number | null;
  readonly expected_high: number | null;
  readonly bits: number | null;
  readonly calibrated_bits: number | null;
  readonly weight: number;
  readonly evidence: Evidence;
  readonly reproduce_sql: string;
}

interface FindingResult<O> {
  readonly finding_id: string;
  readonly outcome: O;
}

/** Of several findings, each with its outcome, in the order they were given. */
interface FindingsAnswer<O> extends ChangeAnswer {
  readonly results: readonly FindingResult<O>[];
}

export type RecordOutcome = 'raised' | 'worsened' | 'known' | 'suppressed';

/** @param input.judgedUntil how far detection has looked, RFC 3339; null: leaves that as it is */
export function recordFindings(
  db: Executor,
  change: Change,
  input: { findings: readonly NewFinding[]; judgedUntil: string | null },
): Promise<FindingsAnswer<RecordOutcome>> {
  return answer(
    db,
    sql`select keyctl.record_findings(${who(change)}, ${json(input.findings)}, ${input.judgedUntil}::timestamptz) as answer`,
  );
}

export type AcknowledgeOutcome =
  | 'acknowledged'
  | 'already_acknowledged'
  | 'dismissed'
  | 'escalated'
  | 'not_found';

export function acknowledgeFindings(
  db: Executor,
  change: Change,
  input: { findingIds: readonly string[] },
): Promise<FindingsAnswer<AcknowledgeOutcome>> {
  return answer(
    db,
    sql`select keyctl.acknowledge_findings(${who(change)}, ${textList(input.findingIds)}) as answer`,
  );
}

export type DismissOutcome = 'dismissed' | 'already_dismissed' | 'not_found';

/** @param input.suppressUntil until then nothing is raised for the same key, detector and cause; null: it may be at once */
export function dismissFindings(
  db: Executor,
  change: Change,
  input: { findingIds: readonly string[]; reason: string; suppressUntil: string | null },
): Promise<FindingsAnswer<DismissOutcome>> {
  return answer(
    db,
    sql`select keyctl.dismiss_findings(${who(change)}, ${textList(input.findingIds)}, ${input.reason},
      ${input.suppressUntil}::timestamptz) as answer`,
  );
}

export type EscalateOutcome = 'escalated' | 'already_escalated' | 'elsewhere' | 'not_found';

export function escalateFindings(
  db: Executor,
  change: Change,
  input: { findingIds: readonly string[]; incidentId: string },
): Promise<FindingsAnswer<EscalateOutcome> & { readonly incident_id: string }> {
  return answer(
    db,
    sql`select keyctl.escalate_findings(${who(change)}, ${textList(input.findingIds)}, ${input.incidentId}) as answer`,
  );
}

/** Opens an incident about them, with the keys they name, in the same statement. */
export function escalateAnew(
  db: Executor,
  change: Change,
  input: { findingIds: readonly string[]; incident: Omit<NewIncident, 'keyIds'> },
): Promise<FindingsAnswer<EscalateOutcome> & { readonly incident_id: string }> {
  return answer(
    db,
    sql`select keyctl.escalate_anew(${who(change)}, ${json(incidentRow(input.incident))}, ${textList(input.findingIds)}) as answer`,
  );
}

export type Response = 'suspend' | 'step_down' | 'block_ip' | 'notify';

export interface RespondAnswer extends ChangeAnswer {
  readonly outcome: 'responded' | 'already_responded' | 'capped' | 'nothing_to_do' | 'does_not_apply';
  readonly finding_id: string;
  readonly rule_name: string;
  readonly response: Response;
  readonly key_id: string | null;
  readonly ip: string | null;
  readonly until: string | null;
  readonly reason: string | null;
  /** Of `nothing_to_do`. */
  readonly why: string | null;
}

/** Needs keyctl_admin. */
export function respondToFinding(
  db: Executor,
  change: Change,
  input: { findingId: string; ruleName: string },
): Promise<RespondAnswer> {
  return answer(
    db,
    sql`select keyctl.respond_to_finding(${who(change)}, ${input.findingId}, ${input.ruleName}) as answer`,
  );
}

/** What a rule says; null: every detector, no end. snake_case because it travels as JSON. */
export interface ResponseSettings {
  readonly detector?: string | null;
  readonly least_severity?: Severity;
  readonly response?: Response;
  readonly lasts_seconds?: number | null;
  readonly most_per_hour?: number;
}

export interface RuleAnswer extends ChangeAnswer {
  readonly outcome: 'created' | 'set' | 'unchanged' | 'removed';
  readonly name: string;
  readonly before: ResponseSettings;
  readonly after: ResponseSettings;
}

/** Needs keyctl_admin. */
export function setResponseRule(
  db: Executor,
  change: Change,
  input: { name: string; settings: ResponseSettings; reason: string },
): Promise<RuleAnswer> {
  return answer(
    db,
    sql`select keyctl.set_response_rule(${who(change)}, ${input.name}, ${json(input.settings)}, ${input.reason}) as answer`,
  );
}

/** Needs keyctl_admin. */
export function removeResponseRule(
  db: Executor,
  change: Change,
  input: { name: string; reason: string },
): Promise<RuleAnswer> {
  return answer(
    db,
    sql`select keyctl.remove_response_rule(${who(change)}, ${input.name}, ${input.reason}) as answer`,
  );
}
