import {
  type NewIncident,
  type OpenAnswer,
  openIncident as openInKernel,
} from '../../db/kernel-incidents.js';
import { type Context, changeOf } from '../context.js';
import type { IncidentChange } from './change-incident.js';
import { watchIncidents } from './watch-incidents.js';

/** Opens an incident with its keys, and looks at once at what was tried with those that are dead already. */
export async function openIncident(ctx: Context, input: NewIncident): Promise<IncidentChange<OpenAnswer>> {
  const answer = await ctx.db.change(ctx.operationId, (db) => openInKernel(db, changeOf(ctx), input));
  if (answer.key_ids.length > 0) await watchIncidents(ctx);
  return { operationId: ctx.operationId, answer };
}
