import { sql } from 'drizzle-orm';
import { answer, type Change, type ChangeAnswer, type Executor, who } from './kernel.js';

/** The typed calls of the kernel for what is still to be done about an incident; see `kernel.ts`. */

export interface FollowUpAnswer extends ChangeAnswer {
  readonly outcome: 'added';
  readonly incident_id: string;
  readonly follow_up_id: string;
  readonly title: string;
  readonly owner: string;
  /** A day: 2026-12-01. */
  readonly due_on: string;
}

export function addFollowUp(
  db: Executor,
  change: Change,
  input: { incidentId: string; title: string; owner: string; dueOn: string },
): Promise<FollowUpAnswer> {
  return answer(
    db,
    sql`select keyctl.add_follow_up(${who(change)}, ${input.incidentId}, ${input.title}, ${input.owner}, ${input.dueOn}::date) as answer`,
  );
}

export interface FollowUpDoneAnswer extends ChangeAnswer {
  readonly outcome: 'done' | 'already_done';
  readonly incident_id: string;
  readonly follow_up_id: string;
  readonly done_at: string;
  readonly done_by: string;
}

export function finishFollowUp(
  db: Executor,
  change: Change,
  followUpId: string,
): Promise<FollowUpDoneAnswer> {
  return answer(db, sql`select keyctl.finish_follow_up(${who(change)}, ${followUpId}) as answer`);
}
