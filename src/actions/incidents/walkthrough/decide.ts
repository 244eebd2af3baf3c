import { noteIncident } from '../../../db/kernel-incidents.js';
import { findCandidates } from '../../../db/reads/keys.js';
import { type Context, changeOf } from '../../context.js';
import { resumeKeys } from '../../suspend-keys.js';
import type { WholeIncident } from '../find-incident.js';
import { contain } from './contain.js';
import { partOf, type StepDone } from './run-step.js';

/** How it goes on with restricted keys. */
export type RestrictedFate = 'revoke' | 'keep' | 'lift';

/** `revoke` ends the keys, `keep` leaves them restricted, `lift` ends their suspension; limits are lifted by `keys update`. */
export async function decideRestricted(
  inside: Context,
  whole: WholeIncident,
  input: { readonly fate: RestrictedFate; readonly reason: string },
): Promise<StepDone> {
  const { fate, reason } = input;
  const { incident_id: incidentId } = whole.row;
  const part = partOf(inside, `decide ${fate} ${reason}`);
  await part.db.change(part.operationId, (db) =>
    noteIncident(db, changeOf(part), { incidentId, note: `decided: ${fate}. ${reason}` }),
  );
  if (fate === 'revoke') {
    const all = { how: 'revoke' as const, family: false, owners: false, others: [], networks: [], reason };
    const { result, ...rest } = await contain(inside, whole, all);
    return { ...rest, result: { decision: fate, ...result } };
  }
  const resumed = fate === 'lift' ? await lifted(inside, whole, reason) : [];
  return { complete: true, result: { decision: fate, reason, resumed } };
}

async function lifted(
  inside: Context,
  { detail }: WholeIncident,
  reason: string,
): Promise<readonly string[]> {
  const ids = detail.keys.flatMap(({ key_id, status }) => (status === 'suspended' ? [key_id] : []));
  if (ids.length === 0) return [];
  const keys = await inside.db.query((db) => findCandidates(db, { ids }));
  const { outcomes } = await resumeKeys(partOf(inside, 'resume'), { keys, reason });
  return outcomes.flatMap(({ row, error }) => (error === null ? [row.key.id] : []));
}
