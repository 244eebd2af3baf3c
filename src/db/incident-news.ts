import type { IncidentSeverity } from '../domain/incident.js';

/** A closed incident whose dead key was let in again. */
interface Reopening {
  readonly incident_id: string;
  readonly title: string;
  readonly severity: IncidentSeverity;
  readonly key_id: string;
  readonly name: string | null;
  /** At most twenty. */
  readonly ips: readonly string[];
  readonly requests: number;
  readonly last_at: string;
}

/** Use of a dead key of an incident from addresses that were not seen with it before. */
interface SeenAttempts {
  readonly incident_id: string;
  readonly key_id: string;
  readonly name: string | null;
  readonly accepted: number;
  readonly refused: number;
  /** The new ones, at most twenty. */
  readonly ips: readonly string[];
  readonly new_ips: number;
}

/** What somebody has to hear of after events came in. */
export interface IncidentNews {
  readonly reopened: readonly Reopening[];
  readonly attempts: readonly SeenAttempts[];
}
