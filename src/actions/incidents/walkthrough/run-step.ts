import { finishStep, skipStep, type TakeStepAnswer, takeStep } from '../../../db/kernel-incident-steps.js';
import type { IncidentStep } from '../../../db/reads/incident-detail.js';
import { derivedOperation } from '../../../domain/derived-operation.js';
import { exitCodes, KeyctlError } from '../../../domain/errors.js';
import { isoTime } from '../../../domain/stored-time.js';
import { type Context, changeOf } from '../../context.js';

/** What came of the work of a step; facts for the record and for later steps, never a secret or an address of a person. */
export interface StepDone {
  readonly result: Readonly<Record<string, unknown>>;
  /** Whether its check holds; the step stays open otherwise. */
  readonly complete: boolean;
  /** Why not, for whoever does it by a script. */
  readonly problem?: KeyctlError;
}

export interface StepOrder {
  readonly incidentId: string;
  readonly step: string;
  /** Who does it, the same for each run of one person on one machine: they may go on with what they began. */
  readonly holder: string;
  readonly takeOver: boolean;
  /** Do a finished step once more, as a new operation. */
  readonly again: boolean;
}

/** What came of a step. */
export interface StepReport {
  readonly incidentId: string;
  readonly step: string;
  readonly operationId: string;
  readonly outcome: 'done' | 'already_done' | 'skipped' | 'not_done';
  readonly by: string | null;
  readonly at: string | null;
  readonly result: Readonly<Record<string, unknown>>;
  readonly problem: KeyctlError | null;
}

/**
 * Takes a step, does its work and writes down what came of it. The work is done under the step's own operation, whoever
 * does it and however often it was cut off: what was done is answered, and not done again.
 * @throws KeyctlError 4 when somebody else has it, or the incident is closed; whatever the work throws
 */
export async function runStep(
  ctx: Context,
  order: StepOrder,
  work: (inside: Context) => Promise<StepDone>,
): Promise<StepReport> {
  const { incidentId, step } = order;
  const taken = await ctx.db.change(ctx.operationId, (db) => takeStep(db, changeOf(ctx), order));
  if (taken.outcome === 'held') throw heldError(taken);
  if (taken.outcome === 'already_done') return alreadyDone(taken);
  await ctx.reached(`walkthrough.${step}.taken`);
  const operationId = taken.step_operation_id;
  const inside = { ...ctx, operationId, actor: { ...ctx.actor, incident_id: incidentId } };
  const { result, complete, problem = null } = await work(inside);
  await ctx.reached(`walkthrough.${step}.worked`);
  const about = { incidentId, step, operationId, result };
  if (!complete) return { ...about, outcome: 'not_done', by: null, at: null, problem };
  const finish = partOf(inside, 'finish');
  const answer = await ctx.db.change(finish.operationId, (db) =>
    finishStep(db, changeOf(finish), { incidentId, step, result }),
  );
  await ctx.reached(`walkthrough.${step}.finished`);
  return {
    ...about,
    outcome: 'done',
    by: answer.finished_by,
    at: isoTime(answer.finished_at),
    result: answer.result,
    problem: null,
  };
}

/** The same context for one change of several that a step makes. */
export function partOf(inside: Context, part: string): Context {
  return { ...inside, operationId: derivedOperation(inside.operationId, part) };
}

/** Leaves a step out. @throws KeyctlError 4 when somebody else is at it */
export async function leaveOut(
  ctx: Context,
  input: {
    readonly incidentId: string;
    readonly step: string;
    readonly holder: string;
    readonly reason: string;
  },
): Promise<StepReport> {
  const { incidentId, step, reason } = input;
  const answer = await ctx.db.change(ctx.operationId, (db) => skipStep(db, changeOf(ctx), input));
  const done = answer.outcome === 'already_done';
  return {
    ...{ incidentId, step, operationId: ctx.operationId, outcome: done ? 'already_done' : 'skipped' },
    ...{ by: null, at: null, problem: null },
    result: done ? {} : { reason: answer.reason ?? reason },
  };
}

/** What is written down about a step that was done. */
export function reportOf(
  incidentId: string,
  { step, operation_id: operationId, finished_by: by, finished_at: at, result }: IncidentStep,
): StepReport {
  const when = at === null ? null : isoTime(at);
  return { incidentId, step, operationId, outcome: 'already_done', by, at: when, result, problem: null };
}

function alreadyDone(taken: TakeStepAnswer): StepReport {
  const { finished_by: by = null, finished_at: at = null } = taken as TakeStepAnswer & {
    readonly finished_by?: string;
    readonly finished_at?: string;
  };
  return {
    incidentId: taken.incident_id,
    step: taken.step,
    operationId: taken.step_operation_id,
    outcome: 'already_done',
    by,
    at: at === null ? null : isoTime(at),
    result: taken.result,
    problem: null,
  };
}

function heldError({ incident_id: id, step, taken_by: by, idle_seconds: idle }: TakeStepAnswer): KeyctlError {
  const minutes = Math.floor(idle / 60);
  const heard = minutes === 0 ? 'less than a minute ago' : `${minutes} min ago`;
  return new KeyctlError({
    code: 'step_held',
    message: `${by} is at step ${step} of ${id}, last heard of ${heard}`,
    hint: `ask them, or take it over: keyctl incidents run ${id} --step ${step} --take-over`,
    exitCode: exitCodes.state,
  });
}
