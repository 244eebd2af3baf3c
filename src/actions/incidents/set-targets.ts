import {
  type IncidentTargets,
  setIncidentTargets,
  type TargetsAnswer,
} from '../../db/kernel-incident-targets.js';
import type { IncidentSeverity } from '../../domain/incident.js';
import { type Context, changeOf } from '../context.js';
import type { IncidentChange } from './change-incident.js';

/** Sets how fast the phases of a severity have to be done. Needs keyctl_admin (77 without). */
export async function setTargets(
  ctx: Context,
  severity: IncidentSeverity,
  targets: Partial<IncidentTargets>,
): Promise<IncidentChange<TargetsAnswer>> {
  const answer = await ctx.db.change(ctx.operationId, (db) =>
    setIncidentTargets(db, changeOf(ctx), { severity, targets }),
  );
  return { operationId: ctx.operationId, answer };
}
