import { randomBytes, randomUUID } from 'node:crypto';
import type { Connection } from '../../../src/db/connect.js';
import type { NewKey } from '../../../src/db/kernel-keys.js';
import { fingerprint, hashScheme, mintToken, verifierOf } from '../../../src/domain/token.js';
import { earliest, type ModelKey, type Step, statusOf, type World } from './world.js';

/** The kernel that the model is compared with. */
export interface Kernel {
  readonly db: Connection;
  /** How far the record reached after the last step. */
  seq: number;
}

export function mint(): NewKey & { readonly salt: string; readonly verifier: string } {
  const { token, id, prefix } = mintToken('kc', (size) => randomBytes(size));
  const salt = randomBytes(16);
  const [saltHex, verifierHex] = [salt, verifierOf(token, salt)].map((bytes) =>
    Buffer.from(bytes).toString('hex'),
  );
  const proof = {
    saltHex: saltHex ?? '',
    verifierHex: verifierHex ?? '',
    hashScheme,
    fingerprint: fingerprint(token),
  };
  return { id, prefix, ...proof, salt: proof.saltHex, verifier: proof.verifierHex };
}

export const operation = () => randomUUID();

/**
 * Calls a function of the kernel with (operation, context, …args), the args written as SQL; answers its outcome, or its
 * SQLSTATE when it refused.
 */
export async function call({ db }: Kernel, name: string, id: string, ...args: string[]): Promise<string> {
  try {
    const all = [`'${id}'`, `'{}'`, ...args].join(', ');
    const [row] = await db.sql.unsafe(`select keyctl.${name}(${all}) as answer`);
    return row?.answer.outcome ?? row?.answer.outcomes?.[0]?.outcome ?? JSON.stringify(row?.answer);
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code?.startsWith('KC')) return code;
    throw error;
  }
}

export const quoted = (value: unknown) => `'${typeof value === 'string' ? value : JSON.stringify(value)}'`;

const keyTimes =
  'created_at activated_at usable_until retire_on suspended_at suspended_until expires_at replaced_at revoked_at';
const rotationTimes = 'prepared_at activated_at finalized_at aborted_at';
const earlier = (columns: string, seconds: number) =>
  columns.split(' ').map((column) => `${column} = ${column} - interval '${seconds} seconds'`);

/** Lets time pass for some families: everything that happened to them was that much earlier. */
export async function pass({ db }: Kernel, world: World, seconds: number): Promise<void> {
  const families = [...new Set([...world.keys.values()].map((key) => `'${key.familyId}'`))].join();
  // Past the guards, which rightly forbid to restamp a revocation.
  await db.sql.unsafe(`begin; set local session_replication_role = replica;
    update keyctl.api_keys set ${earlier(keyTimes, seconds)} where family_id in (${families});
    update keyctl.rotations set ${earlier(rotationTimes, seconds)} where family_id in (${families}); commit`);
}

interface Shown {
  readonly stored: string;
  readonly status: string;
  readonly decision: string;
  readonly version: number;
  readonly family: string;
  readonly successor: string | null;
  readonly predecessor: string | null;
  /** Seconds until its end by rotation or expiry, whichever comes first. */
  readonly endsIn: number | null;
}

/** How each key stands, by the model and by the kernel. */
export function shownByModel(world: World): Record<string, Shown> {
  return Object.fromEntries([...world.keys.values()].map((key) => [key.id, shown(key, world)]));
}

function shown(key: ModelKey, world: World): Shown {
  const status = statusOf(key, world);
  const end = earliest(key.usableUntil, key.expiresAt);
  return {
    ...{ stored: key.stored, status, version: key.version, family: key.familyId },
    decision: status === 'active' || status === 'retiring' ? 'ok' : status,
    ...{
      successor: key.replacedBy,
      predecessor: key.replaces,
      endsIn: end === null ? null : end - world.now,
    },
  };
}

export async function shownByKernel({ db }: Kernel, world: World): Promise<Record<string, Shown>> {
  const ids = [...world.keys.keys()].map((id) => `'${id}'`).join();
  const rows =
    await db.sql.unsafe(`select id, stored_status as stored, status, keyctl.decide(id) as decision, version,
    family_id as family, replaced_by as successor, replaces as predecessor,
    extract(epoch from least(usable_until, expires_at) - clock_timestamp())::float8 as "endsIn"
    from keyctl.keys where id in (${ids})`);
  return Object.fromEntries(rows.map(({ id, ...row }) => [id, row as unknown as Shown]));
}

/** How far each rotation of the model got, in the same form from both. */
export function progressByModel({ rotations }: World): Record<string, string> {
  return Object.fromEntries(
    rotations.map((each) => [
      each.id,
      progress([each.isActivated, each.isAborted, each.finalizedAt !== null, each.commitPending]),
    ]),
  );
}

export async function progressByKernel({ db }: Kernel, world: World): Promise<Record<string, string>> {
  const ids = world.rotations.map(({ id }) => `'${id}'`).join() || `''`;
  const rows =
    await db.sql.unsafe(`select rotation_id, activated_at is not null as activated, aborted_at is not null as aborted,
    finalized_at is not null as finalized, commit_pending as waiting from keyctl.rotations where rotation_id in (${ids})`);
  return Object.fromEntries(
    rows.map((row) => [row.rotation_id, progress([row.activated, row.aborted, row.finalized, row.waiting])]),
  );
}

function progress(holds: readonly boolean[]): string {
  const words = ['activated', 'aborted', 'finalized', 'waiting for its commit'];
  return words.filter((_, at) => holds[at]).join(', ');
}

/** The actions written down since the last step, of the model's families: the database has those of earlier runs too. */
export async function newRows(kernel: Kernel, world: World): Promise<Step['rows']> {
  const rows = await kernel.db
    .sql`select seq::int, action, family_id from keyctl.audit_log where seq > ${kernel.seq} order by seq`;
  kernel.seq = rows.at(-1)?.seq ?? kernel.seq;
  const families = new Set([...world.keys.values()].map((key) => key.familyId));
  return rows.filter((row) => families.has(row.family_id)).map((row) => String(row.action));
}
