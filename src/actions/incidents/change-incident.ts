import type { Change, Executor } from '../../db/kernel.js';
import { type Context, changeOf } from '../context.js';
import { findIncident } from './find-incident.js';

/** What came of one change of one incident. */
export interface IncidentChange<A> {
  readonly operationId: string;
  readonly answer: A;
}

/**
 * One statement of the kernel on one incident. Looked for first, so that a wrong number is said with the database that was
 * looked in.
 * @throws KeyctlError 3 when there is none of that number, 4 when its state refuses the change
 */
export async function changeIncident<A>(
  ctx: Context,
  incidentId: string,
  work: (db: Executor, change: Change) => Promise<A>,
): Promise<IncidentChange<A>> {
  await findIncident(ctx, incidentId);
  const answer = await ctx.db.change(ctx.operationId, (db) => work(db, changeOf(ctx)));
  return { operationId: ctx.operationId, answer };
}
