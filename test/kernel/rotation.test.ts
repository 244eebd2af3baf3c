import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import type { Change } from '../../src/db/kernel.js';
import type { NewKey } from '../../src/db/kernel-keys.js';
import {
  type Activated,
  type NotActivated,
  type NotPrepared,
  type Prepared,
  type PrepareOptions,
  retireDue,
  rotateAbort,
  rotateActivate,
  rotateCommit,
  rotateExtend,
  rotateFinalize,
  rotatePrepare,
  rotateReplace,
} from '../../src/db/kernel-rotation.js';
import { fingerprint, hashScheme, mintToken, verifierOf } from '../../src/domain/token.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { auditOf, bystanders, type SeededKey, seedKey, seedUsage } from '../support/seed-keys.js';

const day = 86_400;
const reason = 'quarterly rotation, OPS-311';

function change(operationId: string = randomUUID()): Change {
  return { operationId, context: { actor_os: 'test', actor_claimed: null, host: 'here' } };
}

function minted(): NewKey {
  const { token, id, prefix } = mintToken('kc', (size) => randomBytes(size));
  const salt = randomBytes(16);
  const verifierHex = Buffer.from(verifierOf(token, salt)).toString('hex');
  return {
    id,
    prefix,
    saltHex: salt.toString('hex'),
    verifierHex,
    hashScheme,
    fingerprint: fingerprint(token),
  };
}

describe.each(servers)('a rotation in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let db: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    db = await database.connect();
  });
  afterAll(async () => {
    await database.drop();
  });

  interface Row {
    readonly id: string;
    readonly status: string;
    readonly version: number;
    readonly replaces: string | null;
    readonly replaced_by: string | null;
    readonly name: string;
    readonly usable_in: number | null;
    readonly expires_in: number | null;
    readonly decision: string;
  }
  async function key(id: string): Promise<Row> {
    const [row] =
      await db.sql`select id, status, version, replaces, replaced_by, name, keyctl.decide(id) as decision,
      round(extract(epoch from usable_until - clock_timestamp()))::int as usable_in,
      round(extract(epoch from expires_at - clock_timestamp()))::int as expires_in from keyctl.api_keys where id = ${id}`;
    return row as unknown as Row;
  }
  const run = <T>(work: (executor: Parameters<typeof rotatePrepare>[0]) => Promise<T>) =>
    db.run({ sends: 'read' }, work);

  async function prepare(
    of: SeededKey,
    options: PrepareOptions = {},
    { version = 1, operation = change(), successor = minted() } = {},
  ): Promise<Prepared | NotPrepared> {
    const items = [{ keyId: of.id, version, successor, deliverTo: ['file:/x'] }];
    const [outcome] = await run((executor) => rotatePrepare(executor, operation, { items, options, reason }));
    if (outcome === undefined) throw new Error('no outcome');
    return outcome;
  }
  async function prepared(...args: Parameters<typeof prepare>): Promise<Prepared> {
    const outcome = await prepare(...args);
    if (outcome.outcome !== 'prepared') throw new Error(JSON.stringify(outcome));
    return outcome;
  }
  async function activate(
    { rotation_id: rotationId }: Pick<Prepared, 'rotation_id'>,
    { inPlace = false, operation = change() } = {},
  ): Promise<Activated | NotActivated> {
    const items = [{ rotationId, deliveredTo: ['file:/x'], inPlace }];
    const [outcome] = await run((executor) => rotateActivate(executor, operation, { items }));
    if (outcome === undefined) throw new Error('no outcome');
    return outcome;
  }
  async function rotated(of: SeededKey, options: PrepareOptions = {}): Promise<Prepared> {
    const rotation = await prepared(of, options);
    expect(await activate(rotation)).toMatchObject({ outcome: 'activated' });
    return rotation;
  }
  const asKey = (rotation: Prepared): SeededKey => ({
    id: rotation.new_key_id,
    name: rotation.name,
    token: '',
    redacted: '',
    familyId: '',
  });

  it('prepares a successor that cannot be used, and activates it beside the old key', async () => {
    const old = await seedKey(db, { name: 'alice-prod', scopes: ['workflow:*'] });
    const others = await bystanders(db, [old.id]);
    const rotation = await prepared(old);
    expect(rotation).toMatchObject({
      outcome: 'prepared',
      version: 2,
      name: 'alice-prod (rotated)',
      repeated: false,
    });
    expect(await key(rotation.new_key_id)).toMatchObject({
      status: 'pending',
      decision: 'pending',
      replaces: null,
    });
    expect(await key(old.id)).toMatchObject({ status: 'active', decision: 'ok', replaced_by: null });

    expect(await activate(rotation)).toMatchObject({
      outcome: 'activated',
      old_key_status: 'retiring',
      ended: [],
    });
    expect(await key(rotation.new_key_id)).toMatchObject({
      status: 'active',
      decision: 'ok',
      replaces: old.id,
    });
    expect(await key(old.id)).toMatchObject({
      status: 'retiring',
      decision: 'ok',
      replaced_by: rotation.new_key_id,
      usable_in: day,
    });
    expect((await auditOf(db, old.id)).map((row) => [row.action, row.reason])).toEqual([
      ['rotation.prepared', reason],
      ['rotation.activated', reason],
    ]);
    expect(await bystanders(db, [old.id, rotation.new_key_id])).toEqual(others);
  });

  it('answers a repeated operation with its first rotation and how that stands', async () => {
    const old = await seedKey(db);
    const operation = change();
    const first = await prepared(old, {}, { operation });
    const again = await prepared(old, {}, { operation });
    expect(again).toMatchObject({
      new_key_id: first.new_key_id,
      repeated: true,
      state: 'pending',
      audit_seq: first.audit_seq,
    });
    const done = await activate(first, { operation });
    expect(await activate(first, { operation })).toMatchObject({ ...done, repeated: true });
    expect(await activate(first)).toMatchObject({ outcome: 'already_activated' });
    expect(await prepared(old, {}, { operation })).toMatchObject({ repeated: true, state: 'open' });
  });

  it.each([
    ['no grace', { grace_seconds: 0 }],
    ['a compromised key', { compromised: true }],
  ])('ends the old key at once: %s', async (_case, options) => {
    const old = await seedKey(db);
    const rotation = await prepared(old, options);
    expect(await activate(rotation)).toMatchObject({ old_key_status: 'replaced', grace_ends_at: null });
    expect(await key(old.id)).toMatchObject({ status: 'replaced', decision: 'replaced' });
    expect(
      await run((e) => rotateFinalize(e, change(), { rotationId: rotation.rotation_id, quietSeconds: null })),
    ).toMatchObject({
      outcome: 'already_finalized',
    });
  });

  it('waits with the end of the old key until the new secret is in its place', async () => {
    const old = await seedKey(db);
    const rotation = await prepared(old, { grace_seconds: 0 });
    expect(await activate(rotation, { inPlace: true })).toMatchObject({
      old_key_status: 'retiring',
      commit_pending: true,
    });
    expect(await key(old.id)).toMatchObject({ decision: 'ok', usable_in: 3600 });
    const rotationIds = [rotation.rotation_id];
    await expect(
      run((e) => rotateFinalize(e, change(), { rotationId: rotation.rotation_id, quietSeconds: null })),
    ).rejects.toMatchObject({ exitCode: 4 });
    expect(await run((e) => rotateCommit(e, change(), { rotationIds }))).toMatchObject([
      { outcome: 'committed', old_key_status: 'replaced' },
    ]);
    expect(await key(old.id)).toMatchObject({ decision: 'replaced' });
    expect(await run((e) => rotateCommit(e, change(), { rotationIds }))).toMatchObject([
      { outcome: 'already_committed' },
    ]);
  });

  it('never lengthens a life: neither of the old key nor, unless asked to, of the new one', async () => {
    const old = await seedKey(db);
    await db.sql`update keyctl.api_keys set expires_at = clock_timestamp() + interval '2 hours' where id = ${old.id}`;
    const rotation = await prepared(old);
    expect(await activate(rotation)).toMatchObject({ outcome: 'activated' });
    expect((await key(rotation.new_key_id)).expires_in).toBe(7200);
    const [list] =
      await db.sql`select round(extract(epoch from grace_ends_at - clock_timestamp()))::int as ends
      from keyctl.rotation_list where rotation_id = ${rotation.rotation_id}`;
    expect(list?.ends).toBe(7200);
  });

  it('gives the successor the span again when the key renews itself, cut to what the policy allows', async () => {
    const old = await seedKey(db);
    await db.sql`insert into keyctl.policies (name, applies_to, expires_within_seconds) values ('short', 'policy', 864000) on conflict do nothing`;
    await db.sql`update keyctl.api_keys set expires_at = activated_at + interval '30 days', on_expiry = 'renew' where id = ${old.id}`;
    expect((await key((await prepared(old)).new_key_id)).expires_in).toBe(30 * day);
    const capped = await seedKey(db);
    await db.sql`update keyctl.api_keys set expires_at = activated_at + interval '30 days', on_expiry = 'renew', policy = 'short' where id = ${capped.id}`;
    expect(await prepare(capped, { expires_in_seconds: 11 * day })).toMatchObject({
      outcome: 'refused',
      usage: true,
    });
    expect((await key((await prepared(capped)).new_key_id)).expires_in).toBe(10 * day);
  });

  it('refuses an expired key unless it is told until when', async () => {
    const old = await seedKey(db, { status: 'expired' });
    expect(await prepare(old)).toMatchObject({ outcome: 'refused', usage: false });
    const rotation = await prepared(old, { expires_in_seconds: day });
    expect(await activate(rotation)).toMatchObject({ old_key_status: 'replaced' });
  });

  it('issues a successor of a revoked key and leaves the revocation as it was', async () => {
    const old = await seedKey(db, { status: 'revoked' });
    const [before] =
      await db.sql`select revoked_at, revocation_reason, revoked_by from keyctl.api_keys where id = ${old.id}`;
    const rotation = await rotated(old);
    expect(await key(old.id)).toMatchObject({
      status: 'revoked',
      replaced_by: rotation.new_key_id,
      decision: 'revoked',
    });
    expect(
      (
        await db.sql`select revoked_at, revocation_reason, revoked_by from keyctl.api_keys where id = ${old.id}`
      )[0],
    ).toEqual(before);
    expect(await key(rotation.new_key_id)).toMatchObject({ status: 'active', decision: 'ok' });
  });

  it('replaces a suspended key at once', async () => {
    const old = await seedKey(db, { status: 'suspended' });
    await rotated(old);
    expect(await key(old.id)).toMatchObject({ status: 'replaced' });
  });

  it('refuses a second rotation of a key, of another version, and beside one that is under way', async () => {
    const old = await seedKey(db);
    expect(await prepare(old, {}, { version: 2 })).toMatchObject({ outcome: 'version_changed', version: 1 });
    const rotation = await prepared(old);
    expect(await prepare(old)).toMatchObject({
      outcome: 'pending_open',
      rotation_id: rotation.rotation_id,
      dead: false,
    });
    await activate(rotation);
    expect(await prepare(old)).toMatchObject({
      outcome: 'already_replaced',
      successor_id: rotation.new_key_id,
    });
    expect(await prepare(asKey(rotation), {}, { version: 2 })).toMatchObject({
      outcome: 'grace_open',
      open_key_id: old.id,
    });
  });

  it('gives up a dead pending successor when asked to, with a row in the record', async () => {
    const old = await seedKey(db);
    const dead = await prepared(old);
    expect(await prepare(old, { abandon_dead: true })).toMatchObject({ outcome: 'pending_open' });
    await db.sql`update keyctl.rotations set prepared_at = prepared_at - interval '61 minutes' where rotation_id = ${dead.rotation_id}`;
    expect(await prepare(old)).toMatchObject({ outcome: 'pending_open', dead: true });
    const next = await prepared(old, { abandon_dead: true });
    expect(next).toMatchObject({ version: 3, abandoned: dead.new_key_id });
    expect(await key(dead.new_key_id)).toMatchObject({ status: 'revoked', decision: 'revoked' });
    expect((await auditOf(db, old.id)).map((row) => row.action)).toEqual([
      'rotation.prepared',
      'rotation.prepared',
    ]);
    expect((await auditOf(db, dead.new_key_id)).map((row) => row.action)).toEqual(['rotation.aborted']);
    expect(await activate(dead)).toMatchObject({ outcome: 'aborted' });
    expect(await activate(next)).toMatchObject({ outcome: 'activated' });
  });

  it('aborts its own rotation with the operation that gave up another one', async () => {
    const old = await seedKey(db);
    const lost = await prepared(old);
    const operation = change();
    const own = await prepared(old, { force: true }, { operation });
    const abort = (rotationId: string) =>
      run((e) =>
        rotateAbort(e, operation, { rotationIds: [rotationId], reason: 'the vault is away tonight' }),
      );
    expect(await abort(own.rotation_id)).toMatchObject([
      { outcome: 'aborted', rotation_id: own.rotation_id },
    ]);
    expect(await key(own.new_key_id)).toMatchObject({ status: 'revoked' });
    await expect(abort(lost.rotation_id)).rejects.toMatchObject({ exitCode: 4 });
  });

  it('refuses to rotate or replace what never was usable', async () => {
    const old = await seedKey(db);
    const given = await prepared(old);
    const spare = await seedKey(db);
    const operation = change();
    await run((e) =>
      rotateAbort(e, operation, { rotationIds: [given.rotation_id], reason: 'the vault is away tonight' }),
    );
    expect(await prepare(asKey(given), {}, { version: 2 })).toMatchObject({
      outcome: 'not_active',
      status: 'revoked',
    });
    const input = { oldKeyId: given.new_key_id, newKeyId: spare.id, options: {}, reason };
    await expect(run((e) => rotateReplace(e, change(), input))).rejects.toMatchObject({ exitCode: 4 });
  });

  it('does not end a key that is kept until the next rotation while the new secret is not in place', async () => {
    const old = await seedKey(db);
    const rotation = await prepared(old, { keep_previous: true });
    await activate(rotation, { inPlace: true });
    const input = { rotationId: rotation.rotation_id, quietSeconds: null };
    await expect(run((e) => rotateFinalize(e, change(), input))).rejects.toMatchObject({ exitCode: 4 });
    expect(await key(old.id)).toMatchObject({ status: 'retiring', decision: 'ok' });
  });

  it('ends an older grace by force, and one that was kept until now without', async () => {
    const first = await seedKey(db);
    const second = await rotated(first);
    const forced = await prepared(asKey(second), { force: true }, { version: 2 });
    expect(await activate(forced)).toMatchObject({ ended: [{ key_id: first.id }] });
    expect(await key(first.id)).toMatchObject({ status: 'replaced', decision: 'replaced' });
    expect(await key(second.new_key_id)).toMatchObject({ status: 'retiring' });

    const kept = await seedKey(db);
    const then = await rotated(kept, { keep_previous: true });
    expect(await key(kept.id)).toMatchObject({ status: 'retiring', decision: 'ok', usable_in: null });
    const next = await prepared(asKey(then), {}, { version: 2 });
    expect(await activate(next)).toMatchObject({ ended: [{ key_id: kept.id }] });
    expect(await key(kept.id)).toMatchObject({ status: 'replaced' });
  });

  it('replaces a compromised successor while the older key is still in its grace', async () => {
    const first = await seedKey(db);
    const second = await rotated(first);
    const third = await prepared(asKey(second), { compromised: true }, { version: 2 });
    expect(await activate(third)).toMatchObject({ old_key_status: 'replaced', ended: [] });
    expect(await key(first.id)).toMatchObject({ status: 'retiring', decision: 'ok' });
    expect(await key(third.new_key_id)).toMatchObject({ status: 'active' });
  });

  it('reissues a successor that was never used, and refuses one that was', async () => {
    const old = await seedKey(db);
    const lost = await rotated(old);
    const again = await prepared(asKey(lost), { kind: 'reissue' }, { version: 2 });
    expect(await activate(again, { inPlace: true })).toMatchObject({ old_key_status: 'replaced', ended: [] });
    expect(await key(old.id)).toMatchObject({ status: 'retiring', decision: 'ok' });
    expect(await key(lost.new_key_id)).toMatchObject({ status: 'replaced' });
    await seedUsage(db, { keyId: again.new_key_id, times: 1, secondsAgo: 1 });
    expect(await prepare(asKey(again), { kind: 'reissue' }, { version: 3 })).toMatchObject({
      outcome: 'in_use',
    });
  });

  it('finalizes when the successor is in use and the old key is quiet, not before', async () => {
    const old = await seedKey(db);
    const rotation = await rotated(old);
    const ask = (quietSeconds: number | null) =>
      run((e) => rotateFinalize(e, change(), { rotationId: rotation.rotation_id, quietSeconds }));
    expect(await ask(60)).toMatchObject({ outcome: 'not_quiet', successor_last_used_at: null });
    await seedUsage(db, { keyId: old.id, times: 3, secondsAgo: 30 });
    await seedUsage(db, { keyId: rotation.new_key_id, times: 1, secondsAgo: 0 });
    expect(await ask(60)).toMatchObject({ outcome: 'not_quiet' });
    expect(await ask(20)).toMatchObject({ outcome: 'finalized', old_key_status: 'replaced' });
    expect(await key(old.id)).toMatchObject({ decision: 'replaced' });
    expect(await ask(20)).toMatchObject({ outcome: 'already_finalized' });
    expect((await auditOf(db, old.id)).at(-1)).toMatchObject({ action: 'rotation.finalized', reason });
  });

  it('extends a grace, never beyond the end of the key, and not that of a compromised one', async () => {
    const old = await seedKey(db);
    const rotation = await rotated(old, { grace_seconds: 3600 });
    const extend = (graceSeconds: number, of = rotation) =>
      run((e) =>
        rotateExtend(e, change(), {
          rotationId: of.rotation_id,
          graceSeconds,
          reason: 'billing needs a day more',
        }),
      );
    await expect(extend(60)).rejects.toMatchObject({ exitCode: 2 });
    expect(await extend(2 * day)).toMatchObject({ outcome: 'extended' });
    expect((await key(old.id)).usable_in).toBe(2 * day);
    await db.sql`update keyctl.api_keys set expires_at = clock_timestamp() + interval '3 days' where id = ${old.id}`;
    expect(await extend(9 * day)).toMatchObject({ outcome: 'extended' });
    expect((await key(old.id)).usable_in).toBe(3 * day);
    expect(await extend(9 * day)).toMatchObject({ outcome: 'unchanged' });
    const leaked = await seedKey(db);
    const urgent = await prepared(leaked, { compromised: true });
    await activate(urgent, { inPlace: true });
    await expect(extend(9000, urgent)).rejects.toMatchObject({ exitCode: 4 });
  });

  it('aborts what is pending and nothing else', async () => {
    const old = await seedKey(db);
    const rotation = await prepared(old);
    const abort = () =>
      run((e) =>
        rotateAbort(e, change(), {
          rotationIds: [rotation.rotation_id, 'rot_000000000000'],
          reason: 'the vault is away tonight',
        }),
      );
    expect(await abort()).toMatchObject([{ outcome: 'aborted' }, { outcome: 'not_found' }]);
    expect(await abort()).toMatchObject([{ outcome: 'already_aborted' }, { outcome: 'not_found' }]);
    expect(await key(old.id)).toMatchObject({ status: 'active', decision: 'ok' });
    const next = await rotated(old);
    expect(next.version).toBe(3);
    expect(
      await run((e) =>
        rotateAbort(e, change(), { rotationIds: [next.rotation_id], reason: 'the vault is away tonight' }),
      ),
    ).toMatchObject([{ outcome: 'activated' }]);
  });

  it('lets an existing key take over, with its own name and settings', async () => {
    const old = await seedKey(db, { name: 'legacy', scopes: ['a:*'] });
    const next = await seedKey(db, { name: 'modern', scopes: ['b:*'] });
    const ask = () =>
      run((e) => rotateReplace(e, change(), { oldKeyId: old.id, newKeyId: next.id, options: {}, reason }));
    expect(await ask()).toMatchObject({ outcome: 'activated', old_key_status: 'retiring' });
    expect(await key(next.id)).toMatchObject({
      name: 'modern',
      version: 2,
      replaces: old.id,
      status: 'active',
      decision: 'ok',
    });
    await expect(ask()).rejects.toMatchObject({ exitCode: 4 });
    const third = await seedKey(db);
    await expect(
      run((e) => rotateReplace(e, change(), { oldKeyId: third.id, newKeyId: next.id, options: {}, reason })),
    ).rejects.toMatchObject({ exitCode: 4 });
    const open = await seedKey(db);
    await expect(
      run((e) => rotateReplace(e, change(), { oldKeyId: next.id, newKeyId: open.id, options: {}, reason })),
    ).rejects.toMatchObject({ exitCode: 4 });
    expect(await key(open.id)).toMatchObject({ version: 1, status: 'active' });
  });

  it('writes down what ended by itself', async () => {
    const old = await seedKey(db);
    const rotation = await rotated(old, { grace_seconds: 3600 });
    const planned = await seedKey(db);
    const lapsed = await seedKey(db, { status: 'expired' });
    await db.sql`update keyctl.api_keys set usable_until = clock_timestamp() - interval '1 minute' where id = ${old.id}`;
    await db.sql`update keyctl.api_keys set usable_until = now() - interval '1 day', retire_on = now() - interval '1 day', retire_reason = 'the vendor left us' where id = ${planned.id}`;
    await db.sql`update keyctl.api_keys set on_expiry = 'suspend' where id = ${lapsed.id}`;
    expect(await key(old.id)).toMatchObject({ decision: 'replaced' });
    expect(await key(planned.id)).toMatchObject({ decision: 'revoked' });
    const tidied = await run((e) => retireDue(e, change(), { limit: 500 }));
    expect(tidied.finalized).toContain(old.id);
    expect(tidied).toMatchObject({ retired: [planned.id], suspended: [lapsed.id] });
    expect(await key(old.id)).toMatchObject({ status: 'replaced' });
    expect((await auditOf(db, planned.id)).at(-1)).toMatchObject({
      action: 'key.revoked',
      reason: 'the vendor left us',
    });
    expect((await auditOf(db, rotation.key_id)).at(-1)).toMatchObject({ action: 'rotation.finalized' });
    expect(await run((e) => retireDue(e, change(), { limit: 500 }))).toEqual({
      finalized: [],
      retired: [],
      suspended: [],
    });
  });

  it('decides again, under the lock, that a key is due, and skips what another run holds', async () => {
    const young = await seedKey(db);
    const aged = await seedKey(db);
    await db.sql`update keyctl.api_keys set activated_at = activated_at - interval '91 days' where id = ${aged.id}`;
    expect(await prepare(young, { due: true })).toMatchObject({ outcome: 'not_due' });
    const other = await database.connect();
    await other.sql`begin`;
    await other.sql`select from keyctl.api_keys where id = ${aged.id} for update`;
    expect(await prepare(aged, { due: true })).toMatchObject({ outcome: 'busy' });
    await other.sql`rollback`;
    expect(await prepare(aged, { due: true })).toMatchObject({ outcome: 'prepared' });
  });

  it('makes one successor of 32 rotations at once', async () => {
    const old = await seedKey(db);
    const connections = await Promise.all(Array.from({ length: 8 }, () => database.connect()));
    const outcomes = await Promise.all(
      Array.from({ length: 32 }, async (_, at) => {
        const items = [{ keyId: old.id, version: 1, successor: minted(), deliverTo: [] }];
        const session = connections[at % connections.length] as Connection;
        const [outcome] = await session.run({ sends: 'read' }, (e) =>
          rotatePrepare(e, change(), { items, options: {}, reason }),
        );
        return outcome?.outcome;
      }),
    );
    expect(outcomes.filter((outcome) => outcome === 'prepared')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'pending_open')).toHaveLength(31);
  });

  it('lets viewers see rotations and only operators make them', async () => {
    const viewer = await database.connect('test_viewer');
    const old = await seedKey(db);
    await viewer.sql`select * from keyctl.rotation_list, keyctl.rotation_plan, keyctl.policies limit 1`;
    const items = [{ keyId: old.id, version: 1, successor: minted(), deliverTo: [] }];
    await expect(
      viewer.run({ sends: 'read' }, (e) => rotatePrepare(e, change(), { items, options: {}, reason })),
    ).rejects.toMatchObject({ exitCode: 77 });
  });
});
