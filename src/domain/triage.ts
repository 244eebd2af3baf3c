import type { Risk } from './detect/risk.js';
import type { IncidentPhase, IncidentSeverity, IncidentState, IncidentType, PhaseClock } from './incident.js';
import type { QueuedFinding } from './review.js';

/** What the triage board shows. Times are milliseconds since 1970, by the clock of the database. */

/** An open incident as a line of the board has it. */
export interface TriageIncident {
  readonly kind: 'incident';
  /** `INC-42`. */
  readonly id: string;
  readonly title: string;
  readonly type: IncidentType;
  readonly severity: IncidentSeverity;
  readonly state: IncidentState;
  readonly lead: string | null;
  readonly openedAt: number;
  readonly openedBy: string;
  readonly reopenedAt: number | null;
  readonly clocks: readonly PhaseClock[];
  /** The phase that is next, and until when it should be done; null: none is left, or it has no target. */
  readonly phase: IncidentPhase | null;
  readonly dueAt: number | null;
  readonly keysUsable: number;
  readonly keysDead: number;
  /** Requests with dead keys since their death. */
  readonly refused: number;
  readonly accepted: number;
  readonly lastAttemptAt: number | null;
}

/** A key, or an address, with findings of a high risk that are part of no incident. */
export interface TriageFinding {
  readonly kind: 'finding';
  /** The key's id, or the address. */
  readonly id: string;
  readonly keyId: string | null;
  readonly name: string | null;
  readonly version: number | null;
  readonly status: string | null;
  readonly owner: string | null;
  /** The findings that are part of no incident, strongest first. */
  readonly risk: Risk<QueuedFinding>;
  /** When the first of them was raised. */
  readonly since: number;
}

export type TriageItem = TriageIncident | TriageFinding;

export interface TriagePicture {
  /** Worst severity first, then by what is due first. */
  readonly incidents: readonly TriageIncident[];
  /** Highest risk first. */
  readonly findings: readonly TriageFinding[];
  /** When it was read: the clocks are compared with it. */
  readonly readAt: number;
}

/** A key of an incident, as it stands now. */
export interface TriageKey {
  readonly keyId: string;
  readonly name: string;
  readonly version: number;
  readonly status: string;
  /** Let in now, or by itself later: a suspension that ends. */
  readonly isUsable: boolean;
  readonly deadSince: number | null;
  readonly suspendedUntil: number | null;
  readonly successorId: string | null;
  readonly lastUsedAt: number | null;
  readonly refused: number;
  readonly accepted: number;
  readonly lastAttemptAt: number | null;
}

/** Use of a dead key from one address. */
export interface TriageAttempt {
  readonly keyId: string;
  /** Empty: an address that is not known. */
  readonly ip: string;
  readonly accepted: boolean;
  readonly requests: number;
  readonly lastAt: number;
}

/** Something that happened in an incident, in words: they may hold text from outside. */
export interface TriageEvent {
  readonly seq: number;
  readonly at: number;
  readonly by: string;
  readonly what: string;
  readonly keyId: string | null;
  readonly reason: string | null;
  /** It opened again: nobody must miss that. */
  readonly isLoud: boolean;
}

export interface TriageStep {
  readonly name: string;
  readonly state: 'open' | 'running' | 'done' | 'skipped' | 'again';
  readonly by: string | null;
  readonly does: string;
}

/** What hangs on one incident. */
export interface TriageDetail {
  readonly id: string;
  /** Usable ones first. */
  readonly keys: readonly TriageKey[];
  /** Newest first. */
  readonly attempts: readonly TriageAttempt[];
  /** Newest first, the last ones. */
  readonly events: readonly TriageEvent[];
  readonly links: readonly { readonly url: string; readonly title: string | null }[];
  readonly playbook: {
    readonly name: string;
    readonly begun: boolean;
    readonly steps: readonly TriageStep[];
  };
  /** What keeps it from being closed, in words. */
  readonly blockers: readonly string[];
}

/** How a key is used right now. */
export interface TriageKeyUse {
  /** In the last five minutes. */
  readonly requestsPerMinute: number;
  /** Addresses of the last hour. */
  readonly addresses: number;
  /** Of those, which its family was not known to use; null: too little history. */
  readonly newAddresses: number | null;
}

/** Use of the keys of one incident. */
export interface TriageUse {
  readonly id: string;
  /** Requests of all its keys in each of the last 24 hours, the oldest first. */
  readonly hours: readonly number[];
  readonly byKey: ReadonlyMap<string, TriageKeyUse>;
  /** How far the log reaches; null: it is empty. */
  readonly asOf: number | null;
}

/** Risks from here on should be somebody's incident. */
export const incidentRisk = 70;
