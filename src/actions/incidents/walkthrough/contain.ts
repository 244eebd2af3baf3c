import type { RevocationCode } from '../../../db/kernel-keys.js';
import { incidentDetail } from '../../../db/reads/incident-detail.js';
import { keysOfOwnerIds } from '../../../db/reads/incident-strangers.js';
import { familyKeys, findCandidates, type KeyRow } from '../../../db/reads/keys.js';
import { exitCodes, KeyctlError } from '../../../domain/errors.js';
import type { IncidentType } from '../../../domain/incident.js';
import { blockIp } from '../../block-ip.js';
import type { Context } from '../../context.js';
import { revokeKeys } from '../../revoke-keys.js';
import { suspendKeys } from '../../suspend-keys.js';
import type { WholeIncident } from '../find-incident.js';
import { linkInStep } from './link.js';
import { partOf, type StepDone } from './run-step.js';

/** Which keys are meant beside the linked ones. */
export interface Reach {
  readonly family: boolean;
  readonly owners: boolean;
  /** Other keys, which become linked. */
  readonly others: readonly string[];
}

export interface Containment extends Reach {
  readonly how: 'revoke' | 'suspend';
  /** Networks that are blocked for every key. */
  readonly networks: readonly string[];
  readonly reason: string;
}

const dead = ['revoked', 'replaced'];

/** The keys that a containment means, and that can still be used or come back. */
export async function keysToContain(
  ctx: Context,
  { detail }: WholeIncident,
  { family, owners, others }: Reach,
): Promise<KeyRow[]> {
  const ids = detail.keys.map(({ key_id }) => key_id);
  const linked = await ctx.db.query((db) => findCandidates(db, { ids: [...ids, ...others] }));
  const familyIds = [...new Set(linked.map(({ key }) => key.familyId))];
  const ownerIds = [...new Set(linked.flatMap(({ key }) => (key.ownerId === null ? [] : [key.ownerId])))];
  const more = [
    ...(family ? await ctx.db.query((db) => familyKeys(db, familyIds)) : []),
    ...(owners && ownerIds.length > 0 ? await ctx.db.query((db) => keysOfOwnerIds(db, ownerIds)) : []),
  ];
  const all = new Map([...linked, ...more].map((row) => [row.key.id, row]));
  return [...all.values()].filter(({ key }) => !dead.includes(key.status));
}

/**
 * Stops the keys, all of them linked first: the incident is contained when the last of them is dead, not the first. Done when
 * no linked key is usable; a key that could not be stopped is named, and the others are.
 */
export async function contain(inside: Context, whole: WholeIncident, input: Containment): Promise<StepDone> {
  const { incident_id: incidentId, type } = whole.row;
  const rows = await keysToContain(inside, whole, input);
  await linkInStep(inside, {
    incidentId,
    keyIds: rows.map(({ key }) => key.id),
    reason: input.reason,
  });
  const keys = await (input.how === 'revoke' ? revoked : suspended)(inside, rows, input.reason, type);
  const networks = await blocked(inside, input);
  const detail = await inside.db.query((db) => incidentDetail(db, incidentId));
  const usable = (detail?.blockers ?? []).flatMap(({ kind, key_id }) =>
    kind === 'usable_key' && key_id !== null ? [key_id] : [],
  );
  const result = { how: input.how, keys, networks, usable };
  return usable.length === 0
    ? { result, complete: true }
    : { result, complete: false, problem: left(usable) };
}

interface Stopped {
  readonly key_id: string;
  readonly outcome: string;
  readonly at: string | null;
  readonly error: string | null;
}

async function revoked(
  inside: Context,
  keys: readonly KeyRow[],
  reason: string,
  type: IncidentType,
): Promise<readonly Stopped[]> {
  if (keys.length === 0) return [];
  const { results } = await revokeKeys(partOf(inside, 'revoke'), { keys, reason, code: codeOf(type) });
  return results.map(({ keyId, outcome, revokedAt, error }) => ({
    key_id: keyId,
    outcome,
    at: revokedAt,
    error,
  }));
}

function codeOf(type: IncidentType): RevocationCode {
  const codes: Readonly<Record<IncidentType, RevocationCode>> = {
    leak: 'leaked',
    abuse: 'abuse',
    departure: 'departed',
    policy: 'policy',
    budget: 'policy',
  };
  return codes[type];
}

/** A pending key is let in nowhere, and cannot be suspended. */
async function suspended(
  inside: Context,
  rows: readonly KeyRow[],
  reason: string,
): Promise<readonly Stopped[]> {
  const keys = rows.filter(({ key }) => key.status !== 'pending' && key.status !== 'expired');
  if (keys.length === 0) return [];
  const { outcomes } = await suspendKeys(partOf(inside, 'suspend'), { keys, reason, forSeconds: null });
  return outcomes.map(({ row, answer, error }) => ({
    key_id: row.key.id,
    outcome: answer?.outcome ?? 'failed',
    at: answer?.suspended_at ?? null,
    error: error?.message ?? null,
  }));
}

/** Blocks networks for every key, each in an operation of its own. */
export async function blocked(
  inside: Context,
  { networks, reason }: Pick<Containment, 'networks' | 'reason'>,
): Promise<readonly string[]> {
  for (const cidr of networks)
    await blockIp(partOf(inside, `block ${cidr}`), { cidr, reason, forSeconds: null });
  return networks;
}

function left(usable: readonly string[]): KeyctlError {
  return new KeyctlError({
    code: 'not_contained',
    message: `still usable, or usable again by itself later: ${usable.join(', ')}`,
    hint: `keyctl revoke ${usable.join(' ')} --reason "…"`,
    exitCode: exitCodes.partial,
    outcome: 'partial',
  });
}
