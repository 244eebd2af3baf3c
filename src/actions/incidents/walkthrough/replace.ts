import { markIncident } from '../../../db/kernel-incidents.js';
import { rotateAbort } from '../../../db/kernel-rotation.js';
import { incidentRow } from '../../../db/reads/incidents.js';
import { familyKeys, findCandidates, type KeyRow } from '../../../db/reads/keys.js';
import type { KeyctlError } from '../../../domain/errors.js';
import { type Context, changeOf } from '../../context.js';
import { rotateKeys } from '../../rotation/rotate-keys.js';
import type { RotationOrder, RotationResult } from '../../rotation/rotation-order.js';
import type { WholeIncident } from '../find-incident.js';
import { partOf, type StepDone } from './run-step.js';

export interface Replacing extends Pick<RotationOrder, 'sinksFor' | 'after'> {
  readonly reason: string;
  /** Which of the keys that could be replaced. */
  readonly keyIds: readonly string[];
}

/** The dead keys of an incident that nothing replaces: of each family the newest that was ever in use. */
export async function keysToReplace(ctx: Context, { detail }: WholeIncident): Promise<KeyRow[]> {
  const ids = detail.keys.flatMap(({ key_id, successor_id }) => (successor_id === null ? [key_id] : []));
  const rows = await ctx.db.query((db) => findCandidates(db, { ids }));
  const wanted = rows.filter(({ key }) => key.activatedAt !== null && key.status !== 'replaced');
  const newest = new Map<string, KeyRow>();
  for (const row of wanted) {
    const before = newest.get(row.key.familyId);
    if (before === undefined || before.key.version < row.key.version) newest.set(row.key.familyId, row);
  }
  return [...newest.values()];
}

/** What came of one replacement, for the record. */
interface Replaced {
  readonly key_id: string;
  readonly new_key_id: string | null;
  readonly outcome: RotationResult['outcome'];
  readonly delivered_to: readonly string[];
  readonly error: string | null;
}

/** Issues a successor for each key and delivers it; a run that was cut off is gone on with. */
export async function replace(inside: Context, whole: WholeIncident, input: Replacing): Promise<StepDone> {
  const replaced: Replaced[] = earlier(whole);
  let problem: KeyctlError | undefined;
  for (const row of await keysToReplace(inside, whole)) {
    if (!input.keyIds.includes(row.key.id)) continue;
    const result = await replaceOne(inside, row, input);
    replaced.push(recordOf(row, result));
    if (result.error !== null) problem = result.error;
  }
  await markRecovering(inside, whole.row.incident_id);
  const result = { keys: replaced };
  return problem === undefined ? { result, complete: true } : { result, complete: false, problem };
}

/** What an earlier run of this step has replaced: its record was never written. */
function earlier({ detail }: WholeIncident): Replaced[] {
  return detail.keys.flatMap(({ key_id, successor_id }) =>
    successor_id === null
      ? []
      : [{ key_id, new_key_id: successor_id, outcome: 'repeated' as const, delivered_to: [], error: null }],
  );
}

function recordOf({ key }: KeyRow, { key: issued, outcome, error }: RotationResult): Replaced {
  const held = ['rotated', 'repeated', 'unfinished', 'unproven'].includes(outcome);
  return {
    key_id: key.id,
    new_key_id: held ? (issued?.keyId ?? null) : null,
    outcome,
    delivered_to: issued?.deliveredTo ?? [],
    error: error?.message ?? null,
  };
}

/**
 * One key at a time, each attempt in an operation of its own. A successor whose secret a killed run took with it is given up
 * and made anew: it was never usable, and nobody holds it.
 */
async function replaceOne(inside: Context, row: KeyRow, input: Replacing): Promise<RotationResult> {
  const result = await attempt(inside, row, input);
  if (result.error?.code !== 'secret_lost') return result;
  const family = await inside.db.query((db) => familyKeys(db, [row.key.familyId]));
  const pending = family.filter(({ key }) => key.status === 'pending').map(({ key }) => key.id);
  const rotationIds = pending.map((id) => `rot_${id.slice('key_'.length)}`);
  const part = partOf(inside, `give up ${rotationIds.join(' ')}`);
  const reason = 'cut off before its delivery: its secret is nowhere';
  await part.db.change(part.operationId, (db) => rotateAbort(db, changeOf(part), { rotationIds, reason }));
  return await attempt(inside, row, input);
}

async function attempt(inside: Context, row: KeyRow, input: Replacing): Promise<RotationResult> {
  const { sinksFor, after, reason } = input;
  const family = await inside.db.query((db) => familyKeys(db, [row.key.familyId]));
  const given = family.filter(({ key }) => key.revocationCode === 'abandoned').length;
  const part = partOf(inside, `replace ${row.key.id} ${given}`);
  const order = { options: { compromised: true }, reason, sinksFor, after };
  const [result] = await rotateKeys(part, [row], order, null);
  if (result === undefined) throw new RangeError('a key that is rotated has a result');
  return result;
}

/** Only what is contained can recover; the phase of an incident that is not stays as it is. */
async function markRecovering(inside: Context, incidentId: string): Promise<void> {
  const row = await inside.db.query((db) => incidentRow(db, incidentId));
  if (row?.state !== 'contained') return;
  const part = partOf(inside, 'recovering');
  await part.db.change(part.operationId, (db) =>
    markIncident(db, changeOf(part), { incidentId, mark: 'recovering', text: null }),
  );
}
