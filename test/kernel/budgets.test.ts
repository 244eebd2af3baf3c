import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { enforceBudgets } from '../../src/db/kernel-rollup.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { rollUpAll } from '../support/rollup-oracle.js';
import { auditOf, bystanders, type SeededKey, seedKey } from '../support/seed-keys.js';

const context = { actor_os: 'test', actor_claimed: null, host: 'here' };

describe.each(servers)('budgets in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let operator: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    operator = await database.connect('test_operator');
    await admin.sql`select keyctl.ensure_partitions(array[current_date, current_date - 7, current_date + 1])`;
  });
  afterAll(() => database.drop());

  const keyWith = async (columns: string, seed: Parameters<typeof seedKey>[1] = {}): Promise<SeededKey> => {
    const key = await seedKey(admin, seed);
    await admin.sql.unsafe(`update keyctl.api_keys set ${columns} where id = '${key.id}'`);
    return key;
  };
  /** In this month, also in its first second. */
  const use = async (keyId: string, requests: number, costUsd: number) =>
    await admin.sql`insert into keyctl.usage_events (ts, key_id, id, cost_usd, tokens)
      select greatest(date_trunc('month', now(), 'UTC'), now() - interval '2 hours'), ${keyId}, gen_random_uuid()::text,
        ${costUsd}::float8::numeric, 10 from generate_series(1, ${requests}::int)`;
  const enforce = (operationId = randomUUID() as string, limit = 200, after = '') =>
    operator.run({ sends: 'read' }, (db) => enforceBudgets(db, { operationId, context }, { after, limit }));
  const stored = async (id: string) =>
    (
      await admin.sql`select status, suspended_from, suspension_reason,
        suspended_until = date_trunc('month', now(), 'UTC') + interval '1 month' as until_next_month from keyctl.api_keys where id = ${id}`
    )[0];
  const month = new Date().toISOString().slice(0, 7);

  it('suspends a key whose budget is used up until the next month, and says how much it was', async () => {
    const key = await keyWith('budget_usd = 10, auto_suspend = true');
    const others = await bystanders(admin, [key.id]);
    await use(key.id, 3, 3);
    expect((await enforce()).suspended).toEqual([]);
    await use(key.id, 1, 1.25);
    const reason = `used up the budget of ${month}: 10.25 of 10 USD`;
    expect((await enforce()).suspended).toMatchObject([{ key_id: key.id, reason }]);
    expect(await stored(key.id)).toEqual({
      ...{ status: 'suspended', suspended_from: 'active', suspension_reason: reason, until_next_month: true },
    });
    expect(await bystanders(admin, [key.id])).toEqual(others);
    expect(await auditOf(admin, key.id)).toMatchObject([
      {
        action: 'key.suspended',
        reason,
        record: { details: { auto_suspend: true, kind: 'budget', used: 10.25, allowed: 10 } },
      },
    ]);
    expect((await enforce()).suspended).toEqual([]);
  });

  it.each([
    ['quota_requests = 2', 'requests: 2 of 2'],
    ['quota_tokens = 15, budget_usd = 1000', 'tokens: 20 of 15'],
  ])('suspends by a quota: %s', async (columns, said) => {
    const key = await keyWith(`${columns}, auto_suspend = true`);
    await use(key.id, 2, 0);
    await rollUpAll(admin);
    const [suspended] = (await enforce()).suspended;
    const [what, amounts] = said.split(': ');
    expect(suspended).toMatchObject({
      key_id: key.id,
      reason: `used up the quota of ${what} of ${month}: ${amounts}`,
    });
  });

  it('counts what the whole family used, and suspends the old key in its grace too', async () => {
    const old = await keyWith('quota_requests = 4, auto_suspend = true', { status: 'retiring' });
    const successor = await keyWith('quota_requests = 4, auto_suspend = true', { family: old });
    await use(old.id, 3, 0);
    await use(successor.id, 2, 0);
    expect((await enforce()).suspended.map((each) => each.key_id)).toEqual([successor.id, old.id]);
    expect(await stored(old.id)).toMatchObject({ status: 'suspended', suspended_from: 'retiring' });
  });

  it('leaves alone who did not ask for it, is dead, or is suspended already', async () => {
    const plain = await keyWith('budget_usd = 1');
    const unlimited = await keyWith('auto_suspend = true');
    const dead = await keyWith('budget_usd = 1, auto_suspend = true', { status: 'revoked' });
    const suspended = await keyWith('budget_usd = 1, auto_suspend = true', { status: 'suspended' });
    for (const key of [plain, unlimited, dead, suspended]) await use(key.id, 1, 5);
    const others = await bystanders(admin, []);
    expect(await enforce()).toEqual({ suspended: [], alerts: [], next: null });
    expect(await bystanders(admin, [])).toEqual(others);
  });

  it('raises each threshold once a month and family, also after a rotation', async () => {
    const key = await keyWith("budget_usd = 100, budget_alerts = '{50,80,100}'");
    await use(key.id, 1, 49);
    expect((await enforce()).alerts).toEqual([]);
    await use(key.id, 1, 32);
    const alert = { key_id: key.id, family_id: key.familyId, kind: 'budget', used: 81, allowed: 100 };
    expect((await enforce()).alerts).toMatchObject([{ ...alert, percents: [50, 80] }]);
    expect((await enforce()).alerts).toEqual([]);
    await admin.sql`update keyctl.api_keys set status = 'replaced' where id = ${key.id}`;
    const successor = await keyWith("budget_usd = 100, budget_alerts = '{50,80,100}'", { family: key });
    await use(successor.id, 1, 20);
    expect((await enforce()).alerts).toMatchObject([{ key_id: successor.id, percents: [100], used: 101 }]);
    expect(await auditOf(admin, key.id)).toMatchObject([
      { action: 'key.budget_alerted', record: { details: { percents: [50, 80], month, kind: 'budget' } } },
    ]);
    expect(await stored(successor.id)).toMatchObject({ status: 'active' });
  });

  it('repeated under its operation id does only what is left, and pages through the families', async () => {
    const keys = await Promise.all([1, 2, 3].map(() => keyWith('budget_usd = 1, auto_suspend = true')));
    for (const key of keys) await use(key.id, 1, 5);
    const operationId = randomUUID();
    const found: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const page: Awaited<ReturnType<typeof enforce>> = await enforce(operationId, 1, after);
      expect(page.suspended.length).toBeLessThanOrEqual(1);
      found.push(...page.suspended.map((each) => each.key_id));
      after = page.next;
    }
    expect(found.toSorted()).toEqual(keys.map((key) => key.id).toSorted());
    await admin.sql`update keyctl.api_keys set status = 'active', suspended_from = null where id = ${found[0] ?? ''}`;
    expect((await enforce(operationId)).suspended).toEqual([]);
    expect((await enforce()).suspended.map((each) => each.key_id)).toEqual([found[0]]);
  });

  it('passes over a family that somebody is changing, and does it next time', async () => {
    const key = await keyWith('budget_usd = 1, auto_suspend = true');
    await use(key.id, 1, 5);
    const holder = await database.connect();
    await holder.sql.unsafe('begin');
    await holder.sql`select from keyctl.api_keys where id = ${key.id} for update`;
    expect((await enforce()).suspended).toEqual([]);
    await holder.sql.unsafe('rollback');
    expect((await enforce()).suspended).toMatchObject([{ key_id: key.id }]);
  });

  it('is for operators', async () => {
    const viewer = await database.connect('test_viewer');
    await expect(
      viewer.sql`select keyctl.enforce_budgets(${randomUUID()}::uuid, '{}')`,
    ).rejects.toMatchObject({
      code: '42501',
    });
  });
});
