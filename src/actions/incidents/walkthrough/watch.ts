import { firstAccepted, oldKeyUses } from '../../../db/reads/old-key-use.js';
import { exitCodes, KeyctlError } from '../../../domain/errors.js';
import { isoTime } from '../../../domain/stored-time.js';
import type { Context } from '../../context.js';
import { usageAsOf } from '../../read-usage.js';
import { wholeIncident } from '../find-incident.js';
import { watchIncidents } from '../watch-incidents.js';
import type { StepDone } from './run-step.js';

const listed = 10;

/** Who still presents the dead keys, and whether their successors are in use. A dead key that was let in is not done. */
export async function watch(inside: Context, incidentId: string): Promise<StepDone> {
  await watchIncidents(inside);
  const { detail } = await wholeIncident(inside, incidentId);
  const keys = [];
  for (const { key_id: keyId, dead_since: since, successor_id: successor, accepted } of detail.keys) {
    if (since === null) continue;
    const asked = { keyId, since: isoTime(since), which: 'refused' as const, limit: listed };
    const uses = await inside.db.query((db) => oldKeyUses(db, asked));
    const inUse = successor === null ? null : await inside.db.query((db) => firstAccepted(db, successor));
    keys.push({
      key_id: keyId,
      dead_since: isoTime(since),
      let_in: accepted,
      refused: uses.requests,
      from: uses.groups.map(({ ip, userAgent, endpoint, requests, lastAt }) => ({
        ...{ ip, agent: userAgent, endpoint, requests, last_at: lastAt },
      })),
      successor_id: successor,
      successor_first_used_at: inUse,
    });
  }
  const result = { as_of: await usageAsOf(inside), keys };
  const open = keys.filter((each) => each.let_in > 0).map((each) => each.key_id);
  return open.length === 0
    ? { result, complete: true }
    : { result, complete: false, problem: letIn(open, incidentId) };
}

function letIn(keyIds: readonly string[], incidentId: string): KeyctlError {
  return new KeyctlError({
    code: 'dead_key_let_in',
    message: `let in after its death: ${keyIds.join(', ')}; a gateway does not ask, or asks too late`,
    hint: `keyctl incidents run ${incidentId} --step prove --again`,
    exitCode: exitCodes.check,
  });
}
