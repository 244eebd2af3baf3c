import { type CloseBlocker, closeIncident } from '../../../db/kernel-incidents.js';
import { isoTime } from '../../../domain/stored-time.js';
import { type Context, changeOf } from '../../context.js';
import { partOf, type StepDone } from './run-step.js';

/** Closes the incident. @throws KeyctlError 4 while something is left and there is no override */
export async function close(inside: Context, incidentId: string, override: string | null): Promise<StepDone> {
  const part = partOf(inside, `close ${override ?? ''}`);
  const answer = await part.db.change(part.operationId, (db) =>
    closeIncident(db, changeOf(part), { incidentId, override }),
  );
  await inside.reached('walkthrough.closed');
  const left = answer.left.map(({ kind, key_id, step }: CloseBlocker) => ({ kind, key_id, step }));
  return { complete: true, result: { closed_at: isoTime(answer.closed_at), override, left } };
}
