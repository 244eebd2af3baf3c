import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import type { Change } from '../../src/db/kernel.js';
import { verification } from '../../src/db/kernel-decisions.js';
import { cancelRetirement, planRetirement } from '../../src/db/kernel-retirement.js';
import { retireDue } from '../../src/db/kernel-rotation.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { auditOf, bystanders, seedKey } from '../support/seed-keys.js';

const dayMs = 86_400_000;
const reason = 'the v1 export ends, PLAT-1182';

function change(operationId: string = randomUUID()): Change {
  return { operationId, context: { actor_os: 'test', actor_claimed: null, host: 'here' } };
}
const inDays = (days: number) => new Date(Date.now() + days * dayMs).toISOString();

describe.each(servers)('a planned retirement in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let operator: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    operator = await database.connect('test_operator');
  });
  afterAll(() => database.drop());

  const plan = (keyId: string, on: string, operation = change(), why = reason) =>
    operator.run({ sends: 'read' }, (db) => planRetirement(db, operation, { keyId, on, reason: why }));
  const cancel = (keyId: string, operation = change()) =>
    operator.run({ sends: 'read' }, (db) =>
      cancelRetirement(db, operation, { keyId, reason: 'the export goes on, PLAT-1190' }),
    );
  const stored = async (id: string) =>
    (
      await admin.sql`select status, retire_on, usable_until, retire_reason, keyctl.decide(id) as decision from keyctl.api_keys where id = ${id}`
    )[0];

  it('plans, moves and takes back, each with its row, and touches no other key', async () => {
    const key = await seedKey(admin);
    const others = await bystanders(admin, [key.id]);
    const on = inDays(60);
    expect(await plan(key.id, on)).toMatchObject({
      outcome: 'planned',
      phase: 'planned',
      retire_on_before: null,
      repeated: false,
    });
    const planned = await stored(key.id);
    expect(planned).toMatchObject({ status: 'active', retire_reason: reason, decision: 'ok' });
    expect(new Date(planned?.retire_on).toISOString()).toBe(on);
    expect(planned?.usable_until).toEqual(planned?.retire_on);

    const sooner = inDays(20);
    expect(await plan(key.id, sooner)).toMatchObject({ outcome: 'moved', phase: 'notice' });
    expect(new Date((await stored(key.id))?.usable_until).toISOString()).toBe(sooner);
    const rows = await auditOf(admin, key.id);
    expect(await plan(key.id, sooner, change(), 'another reason for it')).toMatchObject({
      outcome: 'already_planned',
      audit_seq: null,
    });
    expect(await auditOf(admin, key.id)).toEqual(rows);

    expect(await cancel(key.id)).toMatchObject({ outcome: 'cancelled', retire_on: null });
    expect(await stored(key.id)).toEqual({
      status: 'active',
      retire_on: null,
      usable_until: null,
      retire_reason: null,
      decision: 'ok',
    });
    expect(await cancel(key.id)).toMatchObject({ outcome: 'not_planned', audit_seq: null });
    expect((await auditOf(admin, key.id)).map((row) => [row.action, row.reason])).toEqual([
      ['key.retirement_planned', reason],
      ['key.retirement_planned', reason],
      ['key.retirement_cancelled', 'the export goes on, PLAT-1190'],
    ]);
    expect(await bystanders(admin, [key.id])).toEqual(others);
  });

  it('the same operation again gets its first answer, also after the plan was taken back', async () => {
    const key = await seedKey(admin);
    const [make, end] = [change(), change()];
    const first = await plan(key.id, inDays(60), make);
    const ended = await cancel(key.id, end);
    expect(await plan(key.id, inDays(90), make)).toEqual({ ...first, repeated: true });
    expect(await cancel(key.id, end)).toEqual({ ...ended, repeated: true });
    expect((await stored(key.id))?.retire_on).toBeNull();
    expect(await auditOf(admin, key.id)).toHaveLength(2);
  });

  it.each(['pending', 'retiring', 'replaced', 'revoked', 'expired'] as const)(
    'a %s key has no retirement to plan (KC409)',
    async (status) => {
      const key = await seedKey(admin, { status });
      const before = await stored(key.id);
      await expect(plan(key.id, inDays(60))).rejects.toMatchObject({ exitCode: 4 });
      expect(await stored(key.id)).toEqual(before);
    },
  );

  it('a suspended key has; one that a rotation replaced has neither plan nor way back', async () => {
    const suspended = await seedKey(admin, { status: 'suspended' });
    expect(await plan(suspended.id, inDays(3))).toMatchObject({ outcome: 'planned', phase: 'deprecation' });
    const old = await seedKey(admin);
    await plan(old.id, inDays(60));
    await admin.sql`update keyctl.api_keys set status = 'retiring', replaced_at = now(), usable_until = now() + interval '1 day' where id = ${old.id}`;
    const successor = await seedKey(admin, { family: old });
    await expect(plan(old.id, inDays(70))).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining(successor.id),
    });
    await expect(cancel(old.id)).rejects.toMatchObject({ exitCode: 4 });
    // Its end is the grace period's, and no phase steps its limits down.
    const [row] = await admin.sql`select retirement_phase, status from keyctl.keys where id = ${old.id}`;
    expect(row).toEqual({ retirement_phase: null, status: 'retiring' });
  });

  it.each([
    ['a moment that is over', '2001-01-01'],
    ['infinity', 'infinity'],
  ])('refuses %s (KC422), and a key there is not (KC404)', async (_what, on) => {
    const key = await seedKey(admin);
    await expect(plan(key.id, on)).rejects.toMatchObject({ exitCode: 2 });
    await expect(plan('key_000000000000', inDays(60))).rejects.toMatchObject({ exitCode: 3 });
    await expect(cancel('key_000000000000')).rejects.toMatchObject({ exitCode: 3 });
    expect((await stored(key.id))?.retire_on).toBeNull();
  });

  it('a retirement that came cannot be taken back, though nobody stamped it', async () => {
    const key = await seedKey(admin);
    await plan(key.id, inDays(60));
    await admin.sql`update keyctl.api_keys set retire_on = now() - interval '1 second', usable_until = now() - interval '1 second' where id = ${key.id}`;
    await expect(cancel(key.id)).rejects.toMatchObject({ exitCode: 4 });
    expect((await stored(key.id))?.decision).toBe('revoked');
  });

  it('at its hour it is dead without a job; retire_due stamps it with the plan’s moment and reason', async () => {
    const key = await seedKey(admin, { status: 'suspended' });
    const live = await seedKey(admin);
    await plan(live.id, inDays(60));
    await plan(key.id, inDays(60));
    await admin.sql`update keyctl.api_keys set retire_on = now() - interval '3 hours', usable_until = now() - interval '3 hours' where id = ${key.id}`;
    expect((await stored(key.id))?.decision).toBe('revoked');
    const done = await operator.run({ sends: 'read' }, (db) => retireDue(db, change(), { limit: 10 }));
    expect(done.retired).toContain(key.id);
    expect(done.retired).not.toContain(live.id);
    const [row] =
      await admin.sql`select status, revoked_at = retire_on as at_its_hour, revocation_reason, revocation_code,
      (select retirement_phase from keyctl.keys v where v.id = k.id) as phase from keyctl.api_keys k where id = ${key.id}`;
    expect(row).toEqual({
      status: 'revoked',
      at_its_hour: true,
      revocation_reason: reason,
      revocation_code: 'retired',
      phase: null,
    });
    expect((await auditOf(admin, key.id)).at(-1)).toMatchObject({ action: 'key.revoked', reason });
  });

  it.each([
    [31 * 24, 'planned', 100],
    [30 * 24, 'notice', 100],
    [14 * 24 + 1, 'notice', 100],
    [14 * 24, 'migration', 100],
    [7 * 24 + 1, 'migration', 100],
    [7 * 24, 'deprecation', 75],
    [5 * 24 + 1, 'deprecation', 75],
    [5 * 24, 'deprecation', 50],
    [3 * 24, 'deprecation', 25],
    [24, 'deprecation', 10],
    [1, 'deprecation', 10],
    [0, 'retired', 10],
    [-5, 'retired', 10],
  ])('%d h before: %s, with %d %% of the limits', async (hours, phase, percent) => {
    const [row] = await admin.sql`
      select keyctl.retirement_phase(r.at, r.at - make_interval(hours => ${hours})) as phase, l.*
      from (select timestamptz '2027-03-29 00:00+00' as at) r
      cross join lateral keyctl.effective_limits(true, r.at, null, 100, 1000, 3, null, r.at - make_interval(hours => ${hours})) l`;
    expect(row).toEqual({
      phase,
      percent,
      rpm: percent,
      rph: percent * 10,
      burst: Math.max(1, Math.floor((3 * percent) / 100)),
      concurrency: null,
    });
  });

  it('the phase begins to the microsecond, in whatever time zone a session is', async () => {
    const rows = await admin.sql.unsafe(`set timezone = 'Europe/Berlin';
      select keyctl.retirement_phase(at, at - interval '168 hours') as begun,
        keyctl.retirement_phase(at, at - interval '168 hours 1 microsecond') as before
      from (select timestamptz '2027-03-29 12:00+02' as at) r; reset timezone`);
    expect(rows).toContainEqual([{ begun: 'deprecation', before: 'migration' }]);
  });

  it('what a gateway is told steps down by itself; a dead key’s limits are 0', async () => {
    const key = await seedKey(admin);
    await admin.sql`update keyctl.api_keys set rpm = 1000, rph = 7, concurrency = 2000000000 where id = ${key.id}`;
    const limits = async () =>
      (await admin.sql`select rpm, rph, burst, concurrency, decision from keyctl.verification(${key.id})`)[0];
    await plan(key.id, inDays(60));
    expect(await limits()).toEqual({
      rpm: 1000,
      rph: 7,
      burst: null,
      concurrency: 2_000_000_000,
      decision: 'ok',
    });
    await admin.sql`update keyctl.api_keys set retire_on = now() + interval '2 hours', usable_until = now() + interval '2 hours' where id = ${key.id}`;
    expect(await limits()).toEqual({
      rpm: 100,
      rph: 1,
      burst: null,
      concurrency: 200_000_000,
      decision: 'ok',
    });
    await admin.sql`update keyctl.api_keys set retire_on = now(), usable_until = now() where id = ${key.id}`;
    expect(await limits()).toEqual({ rpm: 0, rph: 0, burst: 0, concurrency: 0, decision: 'revoked' });
    expect(await operator.run({ sends: 'read' }, (db) => verification(db, key.id))).toMatchObject({
      decision: 'revoked',
    });
  });

  it.each(['test_viewer', 'test_auditor', 'test_gateway'] as const)('%s may not', async (role) => {
    const key = await seedKey(admin);
    const other = await database.connect(role);
    for (const call of [
      `keyctl.plan_retirement(gen_random_uuid(), '{}', '${key.id}', now() + interval '9 days', '${reason}')`,
      `keyctl.cancel_retirement(gen_random_uuid(), '{}', '${key.id}', '${reason}')`,
    ]) {
      await expect(other.sql.unsafe(`select ${call}`)).rejects.toMatchObject({ code: '42501' });
    }
  });
});
