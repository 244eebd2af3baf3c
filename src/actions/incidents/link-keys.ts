import { type LinkKeysAnswer, linkIncidentKeys } from '../../db/kernel-incidents.js';
import type { Context } from '../context.js';
import { changeIncident, type IncidentChange } from './change-incident.js';
import { watchIncidents } from './watch-incidents.js';

/** Links keys to an incident, and looks at once at what was tried with those that are dead already. */
export async function linkKeys(
  ctx: Context,
  input: { readonly incidentId: string; readonly keyIds: readonly string[]; readonly reason: string | null },
): Promise<IncidentChange<LinkKeysAnswer>> {
  const done = await changeIncident(ctx, input.incidentId, (db, change) =>
    linkIncidentKeys(db, change, input),
  );
  await watchIncidents(ctx);
  return done;
}
