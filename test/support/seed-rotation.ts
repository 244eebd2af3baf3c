import { randomBytes, randomUUID } from 'node:crypto';
import type { Connection } from '../../src/db/connect.js';
import { rotateActivate, rotateFinalize, rotatePrepare } from '../../src/db/kernel-rotation.js';
import { fingerprint, hashScheme, mintToken, verifierOf } from '../../src/domain/token.js';
import { type SeededKey, seedKey } from './seed-keys.js';

export interface RotationSeed {
  readonly old?: SeededKey;
  readonly state?: 'pending' | 'open' | 'finalized' | 'aborted';
  /** `null`: the old key is kept until the next rotation. */
  readonly graceSeconds?: number | null;
  readonly compromised?: boolean;
  /** The new secret is not in its place yet. */
  readonly uncommitted?: boolean;
  readonly reason?: string;
}

export interface SeededRotation {
  readonly id: string;
  readonly old: SeededKey;
  readonly newId: string;
  /** The operation that began it. */
  readonly operationId: string;
}

/** A rotation brought to its state by the kernel. */
export async function seedRotation(db: Connection, seed: RotationSeed = {}): Promise<SeededRotation> {
  const { state = 'open', graceSeconds = 86_400, compromised = false, uncommitted = false } = seed;
  const old = seed.old ?? (await seedKey(db));
  const operationId = randomUUID();
  const change = { operationId, context: { actor_os: 'test', actor_claimed: null, host: 'here' } };
  const [row] = await db.sql`select version from keyctl.keys where id = ${old.id}`;
  const items = [
    { keyId: old.id, version: Number(row?.version), successor: minted(), deliverTo: ['file:/x'] },
  ];
  const options = {
    ...(graceSeconds === null ? { keep_previous: true } : { grace_seconds: graceSeconds }),
    ...(compromised ? { compromised } : {}),
  };
  const reason = seed.reason ?? 'quarterly rotation, OPS-311';
  const run = <T>(work: Parameters<typeof db.run<T>>[1]) => db.run({ sends: 'read' }, work);
  const [prepared] = await run((executor) => rotatePrepare(executor, change, { items, options, reason }));
  if (prepared?.outcome !== 'prepared') throw new Error(JSON.stringify(prepared));
  const { rotation_id: id, new_key_id: newId } = prepared;
  if (state === 'aborted') {
    await db.sql`select keyctl.rotate_abort(${randomUUID()}::uuid, '{}'::jsonb, array[${id}], 'seeded: given up again')`;
  } else if (state !== 'pending') {
    const active = [{ rotationId: id, deliveredTo: ['file:/x'], inPlace: uncommitted }];
    await run((executor) => rotateActivate(executor, change, { items: active }));
  }
  if (state === 'finalized') {
    const end = { ...change, operationId: randomUUID() };
    await run((executor) => rotateFinalize(executor, end, { rotationId: id, quietSeconds: null }));
  }
  return { id, old, newId, operationId };
}

/** Moves everything about a rotation that long into the past: its beginning, its activation, its end. */
export async function ageRotation(
  { sql }: Connection,
  { id }: SeededRotation,
  seconds: number,
): Promise<void> {
  await sql`update keyctl.rotations set prepared_at = prepared_at - make_interval(secs => ${seconds}),
    activated_at = activated_at - make_interval(secs => ${seconds}),
    finalized_at = finalized_at - make_interval(secs => ${seconds}),
    aborted_at = aborted_at - make_interval(secs => ${seconds}) where rotation_id = ${id}`;
}

function minted() {
  const { token, id, prefix } = mintToken('kc', (size) => randomBytes(size));
  const salt = randomBytes(16);
  return {
    ...{ id, prefix, saltHex: salt.toString('hex'), hashScheme, fingerprint: fingerprint(token) },
    verifierHex: Buffer.from(verifierOf(token, salt)).toString('hex'),
  };
}
