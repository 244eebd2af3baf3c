import { linkIncidentKeys } from '../../../db/kernel-incidents.js';
import { type Context, changeOf } from '../../context.js';
import { watchIncidents } from '../watch-incidents.js';
import { partOf } from './run-step.js';

/** Links keys in the operation of a step: the same keys again are the same change. */
export async function linkInStep(
  inside: Context,
  input: { readonly incidentId: string; readonly keyIds: readonly string[]; readonly reason: string },
): Promise<void> {
  if (input.keyIds.length === 0) return;
  const keyIds = [...new Set(input.keyIds)].sort();
  const part = partOf(inside, `link ${keyIds.join(' ')}`);
  await part.db.change(part.operationId, (db) => linkIncidentKeys(db, changeOf(part), { ...input, keyIds }));
  await watchIncidents(inside);
}
