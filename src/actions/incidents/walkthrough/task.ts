import { noteIncident } from '../../../db/kernel-incidents.js';
import { type Context, changeOf } from '../../context.js';
import { partOf, type StepDone } from './run-step.js';

/** Keeps what somebody did by hand. */
export async function task(inside: Context, incidentId: string, note: string): Promise<StepDone> {
  const part = partOf(inside, `task ${note}`);
  await part.db.change(part.operationId, (db) => noteIncident(db, changeOf(part), { incidentId, note }));
  return { complete: true, result: { note } };
}
