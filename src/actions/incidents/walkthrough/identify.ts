import { incidentDetail } from '../../../db/reads/incident-detail.js';
import type { Context } from '../../context.js';
import { linkInStep } from './link.js';
import type { StepDone } from './run-step.js';

/** Links the keys that were found; done when the incident has one. @param input.from where they stood, in words */
export async function identify(
  inside: Context,
  input: { readonly incidentId: string; readonly keyIds: readonly string[]; readonly from: string },
): Promise<StepDone> {
  const { incidentId, keyIds, from } = input;
  await linkInStep(inside, { incidentId, keyIds, reason: `identified in ${from}` });
  const detail = await inside.db.query((db) => incidentDetail(db, incidentId));
  const linked = detail?.keys ?? [];
  return {
    complete: linked.length > 0,
    result: {
      from,
      keys: linked.map(({ key_id, name, status }) => ({ key_id, name, status })),
    },
  };
}
