import { sql } from 'drizzle-orm';
import type { IncidentSeverity } from '../domain/incident.js';
import { answer, type Change, type ChangeAnswer, type Executor, json, who } from './kernel.js';

/** The typed call of the kernel that says how fast incidents have to be dealt with; see `kernel.ts`. */

export interface IncidentTargets {
  readonly acknowledge_seconds: number;
  readonly contain_seconds: number;
  readonly investigate_seconds: number;
  readonly recover_seconds: number;
}

export interface TargetsAnswer extends ChangeAnswer {
  readonly outcome: 'set' | 'unchanged';
  readonly severity: IncidentSeverity;
  readonly before: IncidentTargets;
  readonly after: IncidentTargets;
}

export function setIncidentTargets(
  db: Executor,
  change: Change,
  input: { severity: IncidentSeverity; targets: Partial<IncidentTargets> },
): Promise<TargetsAnswer> {
  return answer(
    db,
    sql`select keyctl.set_incident_targets(${who(change)}, ${input.severity}, ${json(input.targets)}) as answer`,
  );
}
