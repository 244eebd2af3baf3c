import { addFollowUp } from '../../../db/kernel-incident-follow-ups.js';
import { markIncident } from '../../../db/kernel-incidents.js';
import type { IncidentMark } from '../../../domain/incident.js';
import { type Context, changeOf } from '../../context.js';
import { partOf, type StepDone } from './run-step.js';

export interface FollowUpInput {
  readonly title: string;
  readonly owner: string;
  /** A day. */
  readonly dueOn: string;
}

export interface Learning {
  readonly rootCause: string;
  readonly lessons: string;
  readonly followUps: readonly FollowUpInput[];
}

/** Keeps the root cause, the lessons and what is still to be done. */
export async function learn(inside: Context, incidentId: string, input: Learning): Promise<StepDone> {
  await mark(inside, incidentId, 'investigated', input.rootCause);
  await mark(inside, incidentId, 'reviewed', input.lessons);
  const ids: string[] = [];
  for (const followUp of input.followUps) {
    const part = partOf(inside, `follow-up ${JSON.stringify(followUp)}`);
    const answer = await part.db.change(part.operationId, (db) =>
      addFollowUp(db, changeOf(part), { incidentId, ...followUp }),
    );
    ids.push(answer.follow_up_id);
  }
  return { complete: true, result: { follow_ups: ids } };
}

/** A better text is another change. */
async function mark(inside: Context, incidentId: string, what: IncidentMark, text: string): Promise<void> {
  const part = partOf(inside, `${what} ${text}`);
  await part.db.change(part.operationId, (db) =>
    markIncident(db, changeOf(part), { incidentId, mark: what, text }),
  );
}
