import {
  type FollowUpDoneAnswer,
  finishFollowUp as finishInKernel,
} from '../../db/kernel-incident-follow-ups.js';
import { targetName } from '../../db/settings.js';
import { exitCodes, KeyctlError, notFoundError } from '../../domain/errors.js';
import { type Context, changeOf } from '../context.js';
import type { IncidentChange } from './change-incident.js';

/** @throws KeyctlError 3 when there is no such follow-up */
export async function finishFollowUp(
  ctx: Context,
  followUpId: string,
): Promise<IncidentChange<FollowUpDoneAnswer>> {
  try {
    const answer = await ctx.db.change(ctx.operationId, (db) =>
      finishInKernel(db, changeOf(ctx), followUpId),
    );
    return { operationId: ctx.operationId, answer };
  } catch (error) {
    if (!(error instanceof KeyctlError) || error.exitCode !== exitCodes.notFound) throw error;
    throw notFoundError(followUpId, targetName(ctx.db.target), 'keyctl incidents list --follow-ups');
  }
}
