import { markIncident } from '../../../db/kernel-incidents.js';
import type { KeySettings } from '../../../db/kernel-keys.js';
import { findCandidates } from '../../../db/reads/keys.js';
import { exitCodes, KeyctlError } from '../../../domain/errors.js';
import { type Context, changeOf } from '../../context.js';
import { suspendKeys } from '../../suspend-keys.js';
import { updateKeys } from '../../update-keys.js';
import { findIncident, type WholeIncident } from '../find-incident.js';
import { blocked } from './contain.js';
import { partOf, type StepDone } from './run-step.js';

export interface Restriction {
  /** Limits and allowed networks; empty: they stay. */
  readonly settings: KeySettings;
  /** How long the keys are suspended; null: they are not. */
  readonly suspendSeconds: number | null;
  /** Networks that are blocked for every key. */
  readonly networks: readonly string[];
  readonly reason: string;
}

const dead = ['revoked', 'replaced', 'pending', 'expired'];

/** Restricts every linked key that is in use, and marks the incident contained by that. */
export async function restrict(inside: Context, whole: WholeIncident, input: Restriction): Promise<StepDone> {
  const { settings, suspendSeconds, networks, reason } = input;
  const ids = whole.detail.keys.map(({ key_id }) => key_id);
  const rows = await inside.db.query((db) => findCandidates(db, { ids }));
  const keys = rows.filter(({ key }) => !dead.includes(key.status));
  const limited = Object.keys(settings);
  const failed: { key_id: string; error: string }[] = [];
  const keep = (keyId: string, error: KeyctlError | null) => {
    if (error !== null) failed.push({ key_id: keyId, error: error.message });
  };
  if (limited.length > 0 && keys.length > 0) {
    const part = partOf(inside, `limit ${JSON.stringify(settings)}`);
    const done = await updateKeys(part, { keys, settings, owner: null, reason });
    for (const { row, error } of done.outcomes) keep(row.key.id, error);
  }
  if (suspendSeconds !== null && keys.length > 0) {
    const part = partOf(inside, `suspend ${suspendSeconds}`);
    const done = await suspendKeys(part, { keys, reason, forSeconds: suspendSeconds });
    for (const { row, error } of done.outcomes) keep(row.key.id, error);
  }
  await blocked(inside, { networks, reason });
  const result = {
    keys: keys.map(({ key }) => key.id),
    settings: { ...settings },
    suspended_seconds: suspendSeconds,
    networks,
    failed,
  };
  if (failed.length > 0) return { result, complete: false, problem: partly(failed) };
  await markContained(inside, whole.row.incident_id, reason);
  return { result, complete: true };
}

/** A restricted key may stay usable: the reason says by what it is contained. */
async function markContained(inside: Context, incidentId: string, reason: string): Promise<void> {
  const { state } = await findIncident(inside, incidentId);
  if (state !== 'open' && state !== 'acknowledged') return;
  const part = partOf(inside, 'contained');
  await part.db.change(part.operationId, (db) =>
    markIncident(db, changeOf(part), { incidentId, mark: 'contained', text: reason }),
  );
}

function partly(failed: readonly { key_id: string; error: string }[]): KeyctlError {
  const [first] = failed;
  return new KeyctlError({
    code: 'not_restricted',
    message: `${first?.key_id ?? ''} could not be restricted: ${first?.error ?? ''}`,
    hint: `keyctl keys explain ${first?.key_id ?? ''}`,
    exitCode: exitCodes.partial,
    outcome: 'partial',
  });
}
