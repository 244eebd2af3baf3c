import { linkIncidentKeys } from '../../db/kernel-incidents.js';
import type { RevocationCode } from '../../db/kernel-keys.js';
import { derivedOperation } from '../../domain/derived-operation.js';
import type { IncidentSeverity, IncidentType } from '../../domain/incident.js';
import type { Context } from '../context.js';
import { changeIncident } from './change-incident.js';
import { findIncident } from './find-incident.js';
import { openIncident } from './open-incident.js';

/** Where a change belongs: an incident that there is, or a new one, opened for it. */
export type IncidentChoice = { readonly kind: 'id'; readonly incidentId: string } | { readonly kind: 'new' };

/** What a change in an incident knows of it. */
export interface Entered {
  /** Every change that is made with it names the incident. */
  readonly ctx: Context;
  readonly incidentId: string;
  /** It was opened for this change. */
  readonly isNew: boolean;
  readonly title: string;
}

/**
 * Opens the incident, or finds it, and links all keys before the first of them is changed: the incident is contained when
 * the last one is dead, not the first. Its own statements run under operations of their own, so that the change's own id
 * stays the change's.
 * @throws KeyctlError 3 for a number that there is not, 4 for a closed one
 */
export async function enterIncident(
  ctx: Context,
  choice: IncidentChoice,
  input: { readonly keyIds: readonly string[]; readonly title: string; readonly code: RevocationCode | null },
): Promise<Entered> {
  const { keyIds, title, code } = input;
  const part = { ...ctx, operationId: derivedOperation(ctx.operationId, 'incident') };
  if (choice.kind === 'new') {
    const opening = { title: title.slice(0, 200), ...kindOf(code), detectedAt: null, lead: null, keyIds };
    const { answer } = await openIncident(part, opening);
    return entered(ctx, answer.incident_id, true, answer.title);
  }
  const { incidentId } = choice;
  const row = await findIncident(ctx, incidentId);
  // A closed one is the kernel's to refuse: the change may have been made before it was closed, and be asked for again.
  if (row.state !== 'closed' && keyIds.length > 0) {
    await changeIncident(part, incidentId, (db, change) =>
      linkIncidentKeys(db, change, { incidentId, keyIds, reason: null }),
    );
  }
  return entered(ctx, incidentId, false, row.title);
}

function entered(ctx: Context, incidentId: string, isNew: boolean, title: string): Entered {
  return { ctx: { ...ctx, actor: { ...ctx.actor, incident_id: incidentId } }, incidentId, isNew, title };
}

/** What is known from why a key was changed; everything of it can be changed later. */
function kindOf(code: RevocationCode | null): { type: IncidentType; severity: IncidentSeverity } {
  switch (code) {
    case 'abuse':
      return { type: 'abuse', severity: 'high' };
    case 'departed':
      return { type: 'departure', severity: 'medium' };
    case 'policy':
      return { type: 'policy', severity: 'medium' };
    default:
      return { type: 'leak', severity: 'high' };
  }
}
