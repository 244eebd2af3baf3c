import { type IncidentDetail, incidentDetail } from '../../db/reads/incident-detail.js';
import { type IncidentRow, incidentRow } from '../../db/reads/incidents.js';
import { targetName } from '../../db/settings.js';
import { notFoundError } from '../../domain/errors.js';
import type { Context } from '../context.js';

/** @throws KeyctlError 3 when there is none of that number */
export async function findIncident(ctx: Context, incidentId: string): Promise<IncidentRow> {
  const row = await ctx.db.query((db) => incidentRow(db, incidentId));
  if (row === null) throw notFoundError(incidentId, targetName(ctx.db.target), 'keyctl incidents list --all');
  return row;
}

/** An incident with everything that hangs on it but its timeline. */
export interface WholeIncident {
  readonly row: IncidentRow;
  readonly detail: IncidentDetail;
}

/** @throws KeyctlError 3 when there is none of that number */
export async function wholeIncident(ctx: Context, incidentId: string): Promise<WholeIncident> {
  const row = await findIncident(ctx, incidentId);
  const detail = await ctx.db.query((db) => incidentDetail(db, incidentId));
  // Incidents are never deleted.
  if (detail === undefined) throw new RangeError('an incident that is found has its details');
  return { row, detail };
}
