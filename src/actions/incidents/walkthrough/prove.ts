import { keysOfOwnerIds } from '../../../db/reads/incident-strangers.js';
import type { KeyRow } from '../../../db/reads/keys.js';
import { sinceDeath } from '../../../db/reads/since-death.js';
import { exitCodes, KeyctlError } from '../../../domain/errors.js';
import type { ProbeHeader } from '../../../domain/probe-url.js';
import type { Secret } from '../../../domain/secret.js';
import type { Context } from '../../context.js';
import { proveDead } from '../../prove-dead.js';
import type { StepDone } from './run-step.js';
import { resultOf, type Walkthrough } from './walkthrough.js';

export interface ProofInput {
  readonly url: URL | null;
  readonly header: ProbeHeader;
  /** Of leaked keys, by key id; whoever has none lets the log alone decide. */
  readonly tokens: ReadonlyMap<string, Secret>;
  readonly withinMs: number;
  readonly monotonicMs: () => number;
  readonly signal: AbortSignal;
}

const usable = ['active', 'retiring'];

/**
 * Shows that every linked key is dead, whatever it died of, and in a departure that no other key of the person is usable
 * anywhere. Not shown is not done.
 */
export async function prove(inside: Context, walk: Walkthrough, input: ProofInput): Promise<StepDone> {
  const { incident_id: incidentId } = walk.row;
  const { url, header, tokens } = input;
  const dead = walk.detail.keys.filter(({ dead_since }) => dead_since !== null);
  const alive = walk.detail.keys.filter(({ status }) => usable.includes(status));
  const proofs = dead.map(({ key_id: keyId }) => {
    const token = tokens.get(keyId);
    return { keyId, probe: url === null || token === undefined ? null : { url, token, header } };
  });
  const { withinMs, monotonicMs, signal } = input;
  const shown = await proveDead(inside, proofs, {
    ...{ withinMs, monotonicMs, signal },
    since: (db, ids) => sinceDeath(db, incidentId, ids),
  });
  const keys = dead.map(({ key_id }) => {
    const proof = shown.get(key_id);
    return {
      key_id,
      dead: proof?.dead ?? null,
      after_seconds: proof?.afterSeconds ?? null,
      last_accepted_at: proof?.lastAcceptedAt ?? null,
      events_as_of: proof?.eventsAsOf ?? null,
      probe_status: proof?.probeStatus ?? null,
      doubt: proof?.doubt ?? null,
    };
  });
  const others = (await keysOfGathered(inside, walk)).filter(({ key }) => usable.includes(key.status));
  const usableIds = [...alive.map(({ key_id }) => key_id), ...others.map(({ key }) => key.id)];
  const result = { keys, usable: [...new Set(usableIds)] };
  const open = keys.filter((each) => each.dead !== true).length + result.usable.length;
  return open === 0
    ? { result, complete: true }
    : { result, complete: false, problem: notProven(result, incidentId) };
}

/** Every key of the people whose keys were gathered; none outside a departure. */
async function keysOfGathered(inside: Context, walk: Walkthrough): Promise<KeyRow[]> {
  const ids = resultOf(walk, 'gather')?.owner_ids;
  if (!Array.isArray(ids) || ids.length === 0) return [];
  return await inside.db.query((db) => keysOfOwnerIds(db, ids.map(String)));
}

function notProven(
  {
    keys,
    usable: still,
  }: {
    keys: readonly { key_id: string; dead: boolean | null; doubt: string | null }[];
    usable: readonly string[];
  },
  incidentId: string,
): KeyctlError {
  const [first] = keys.filter(({ dead }) => dead !== true);
  const why =
    first === undefined
      ? `${still.join(', ')} is usable`
      : `${first.key_id}: ${first.doubt ?? 'not shown to be dead'}`;
  return new KeyctlError({
    code: 'not_proven',
    message: `not proven dead: ${why}`,
    hint: `bring in newer events (keyctl audit ingest), or give --probe URL and the leaked token on stdin; then keyctl incidents run ${incidentId} --step prove`,
    exitCode: exitCodes.check,
  });
}
