import { sql } from 'drizzle-orm';
import { answer, type Change, type ChangeAnswer, type Executor, json, who } from './kernel.js';

/** The typed calls of the kernel for the walkthrough of an incident; see `kernel.ts` and `kernel-incidents.ts`. */

/** What the kernel reads of a playbook; it keeps whatever else is in it. */
export interface PlaybookSnapshot {
  readonly name: string;
  readonly steps: readonly { readonly name: string; readonly required: boolean }[];
}

export interface PlaybookAnswer extends ChangeAnswer {
  readonly outcome: 'set' | 'already_set';
  readonly incident_id: string;
  /** The one that is kept. */
  readonly playbook: PlaybookSnapshot;
}

export function setPlaybook(
  db: Executor,
  change: Change,
  input: { incidentId: string; playbook: PlaybookSnapshot },
): Promise<PlaybookAnswer> {
  return answer(
    db,
    sql`select keyctl.set_playbook(${who(change)}, ${input.incidentId}, ${json(input.playbook)}) as answer`,
  );
}

export interface TakeStepAnswer extends ChangeAnswer {
  readonly outcome: 'taken' | 'resumed' | 'held' | 'taken_over' | 'already_done';
  readonly incident_id: string;
  readonly step: string;
  /** The operation whose changes this step makes, whoever does it. */
  readonly step_operation_id: string;
  readonly taken_by: string;
  readonly taken_at: string;
  /** Since the run that has it was last heard of. */
  readonly idle_seconds: number;
  readonly result: Readonly<Record<string, unknown>>;
}

/**
 * @param input.holder an id of this run, drawn once: the same run taking its step again says that it is alive
 * @param input.takeOver take it from a run that died
 * @param input.again do a finished step once more, as a new operation
 */
export function takeStep(
  db: Executor,
  change: Change,
  input: { incidentId: string; step: string; holder: string; takeOver?: boolean; again?: boolean },
): Promise<TakeStepAnswer> {
  const { incidentId, step, holder, takeOver = false, again = false } = input;
  return answer(
    db,
    sql`select keyctl.take_step(${who(change)}, ${incidentId}, ${step}, ${holder}, ${takeOver}, ${again}) as answer`,
  );
}

export interface FinishStepAnswer extends ChangeAnswer {
  readonly outcome: 'finished' | 'already_done';
  readonly incident_id: string;
  readonly step: string;
  readonly result: Readonly<Record<string, unknown>>;
  readonly finished_at: string;
  readonly finished_by: string;
}

/** @param input.result facts for the record and for later steps; never a secret */
export function finishStep(
  db: Executor,
  change: Change,
  input: { incidentId: string; step: string; result: Readonly<Record<string, unknown>> },
): Promise<FinishStepAnswer> {
  return answer(
    db,
    sql`select keyctl.finish_step(${who(change)}, ${input.incidentId}, ${input.step}, ${json(input.result)}) as answer`,
  );
}

export interface SkipStepAnswer extends ChangeAnswer {
  readonly outcome: 'skipped' | 'already_skipped' | 'already_done';
  readonly incident_id: string;
  readonly step: string;
  readonly reason: string | null;
}

export function skipStep(
  db: Executor,
  change: Change,
  input: { incidentId: string; step: string; holder: string; reason: string | null },
): Promise<SkipStepAnswer> {
  return answer(
    db,
    sql`select keyctl.skip_step(${who(change)}, ${input.incidentId}, ${input.step}, ${input.holder}, ${input.reason}) as answer`,
  );
}
