import { incidentDetail } from '../../../db/reads/incident-detail.js';
import { keysOfOwnerIds } from '../../../db/reads/incident-strangers.js';
import type { KeyRow } from '../../../db/reads/keys.js';
import { keysOfOwner, keysOfUserId } from '../../../db/reads/selection.js';
import { targetName } from '../../../db/settings.js';
import { notFoundError } from '../../../domain/errors.js';
import type { Context } from '../../context.js';
import { linkInStep } from './link.js';
import type { StepDone } from './run-step.js';

/** Who leaves: by e-mail, or by the id that another system gave. */
export type Person =
  | { readonly kind: 'owner'; readonly email: string }
  | { readonly kind: 'user'; readonly userId: string };

const dead = ['revoked', 'replaced'];

/** Every key of a person in all workspaces, dead ones too. @throws KeyctlError 3 when there is none */
export async function keysOfPerson(ctx: Context, person: Person): Promise<KeyRow[]> {
  const rows = await ctx.db.query((db) =>
    person.kind === 'owner' ? keysOfOwner(db, person.email.toLowerCase()) : keysOfUserId(db, person.userId),
  );
  if (rows.length > 0) return rows;
  const who = person.kind === 'owner' ? person.email : person.userId;
  throw notFoundError(`a key of ${who}`, targetName(ctx.db.target), 'keyctl keys list --owner …');
}

/**
 * Links every key of a person that can still be used or come back: active, retiring, suspended, pending, expired. The record
 * names the person by the random id that can be forgotten. People whose keys are linked already are gathered without asking.
 */
export async function gather(
  inside: Context,
  input: { readonly incidentId: string; readonly person: Person | null },
): Promise<StepDone> {
  const { incidentId, person } = input;
  const rows = person === null ? await linkedOwners(inside, incidentId) : await keysOfPerson(inside, person);
  const living = rows.filter(({ key }) => !dead.includes(key.status));
  const keyIds = living.map(({ key }) => key.id);
  await linkInStep(inside, { incidentId, keyIds, reason: 'a key of the person who leaves' });
  const ownerIds = [...new Set(rows.flatMap(({ key }) => (key.ownerId === null ? [] : [key.ownerId])))];
  return {
    complete: rows.length > 0,
    result: {
      owner_ids: ownerIds,
      keys: living.map(({ key }) => ({
        key_id: key.id,
        name: key.name,
        status: key.status,
        workspace_id: key.workspaceId,
      })),
      dead_already: rows.length - living.length,
    },
  };
}

async function linkedOwners(inside: Context, incidentId: string): Promise<KeyRow[]> {
  const { findCandidates } = await import('../../../db/reads/keys.js');
  const detail = await inside.db.query((db) => incidentDetail(db, incidentId));
  const ids = detail?.keys.map(({ key_id }) => key_id) ?? [];
  const linked = await inside.db.query((db) => findCandidates(db, { ids }));
  const ownerIds = [...new Set(linked.flatMap(({ key }) => (key.ownerId === null ? [] : [key.ownerId])))];
  return ownerIds.length === 0 ? [] : await inside.db.query((db) => keysOfOwnerIds(db, ownerIds));
}
