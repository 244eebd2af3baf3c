import type { IncidentType } from '../incident.js';
import type { StepKind } from './step-kinds.js';

/** A step of a playbook: what is done at it stands with its kind, what a team adds to that here. */
export interface PlaybookStep {
  /** Unique in its playbook; `--step` names it. */
  readonly name: string;
  readonly kind: StepKind;
  /** An incident is closed only when it is done, or was skipped with a reason. */
  readonly required: boolean;
  /** Why it is there, instead of what its kind says. */
  readonly why?: string;
  /** `contain`: what is done unless something else is asked for. */
  readonly how?: 'revoke' | 'suspend';
  /** `task`: what somebody has to do. */
  readonly text?: string;
}

/** What is done about a kind of incident, step by step. Kept with the incident as it is when its walkthrough begins. */
export interface Playbook {
  readonly name: string;
  readonly summary: string;
  /** What an incident is opened as that begins with it. */
  readonly type: IncidentType;
  readonly steps: readonly PlaybookStep[];
}
