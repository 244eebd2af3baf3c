import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollUp } from '../../../src/actions/roll-up.js';
import type { Connection } from '../../../src/db/connect.js';
import { contextOn } from '../../support/context.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { rollupsOfEvents, storedRollups } from '../../support/rollup-oracle.js';
import { auditOf, seedKey, seedUsage } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const rollup = (args: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
  runCommand(['audit', 'rollup', ...args], { database, role: 'test_operator', ...options });
const why = ['--reason', 'FIN-12: the contract says so'];
const agree = async () => expect(await storedRollups(admin)).toEqual(await rollupsOfEvents(admin));

describe('audit rollup', () => {
  it('with nothing to do says so', async () => {
    const ran = await rollup();
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^✓ nothing new in .+\n {2}exact before \S+:00:00\.000Z, as of \S+Z\n$/);
  });

  it('counts hours, suspends and alerts, and tells programs what it did', async () => {
    const key = await seedKey(admin, { name: 'importer\u001b[31m' });
    await runCommand(
      [
        'keys',
        'update',
        key.id,
        '--quota-requests',
        '5',
        '--auto-suspend',
        '--budget-alert',
        '50',
        '--budget-alert',
        '100',
        ...why,
      ],
      { database, role: 'test_operator' },
    );
    await seedUsage(admin, { keyId: key.id, times: 6, secondsAgo: 1 });
    // At the turn of the month some of them belong to the last one.
    await admin.sql`update keyctl.usage_events set ts = clock_timestamp() where key_id = ${key.id}`;
    const ran = await rollup(['--json']);
    expect(ran.code).toBe(0);
    const answer = JSON.parse(ran.stdout);
    expect(answer).toEqual({
      operation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      hours: expect.any(Number),
      baselines: expect.any(Number),
      as_of: expect.stringMatching(/Z$/),
      rolled_until: expect.stringMatching(/:00:00\.000Z$/),
      queued_hours: 0,
      incidents_reopened: [],
      incidents_attempted: [],
      suspended: [
        {
          ...{
            key_id: key.id,
            name: key.name,
            suspended_until: expect.stringMatching(/-01T00:00:00\.000Z$/),
          },
          reason: expect.stringMatching(/^used up the quota of requests of \d{4}-\d\d: 6 of 5$/),
        },
      ],
      alerts: [
        {
          ...{ key_id: key.id, family_id: key.id, name: key.name, percents: [50, 100] },
          ...{ kind: 'quota_requests', used: 6, allowed: 5 },
        },
      ],
    });
    expect(answer.hours).toBeGreaterThan(0);
    await agree();
    expect((await auditOf(admin, key.id)).map((row) => row.action)).toEqual([
      'key.updated',
      'key.budget_alerted',
      'key.suspended',
    ]);
  });

  it('says on a terminal which keys it stopped, names cleaned', async () => {
    const key = await seedKey(admin, { name: 'hostile\u001b[31m' });
    await admin.sql`update keyctl.api_keys set budget_usd = 1, auto_suspend = true, budget_alerts = '{80}' where id = ${key.id}`;
    await admin.sql`insert into keyctl.usage_events (ts, key_id, id, cost_usd) values (clock_timestamp(), ${key.id}, 'dear', 2.5)`;
    const { stdout, code } = await rollup();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ \d+ hours? of keys rolled up in /);
    expect(stdout).toContain(`${key.id}  hostile\\x1b[31m  suspended until `);
    expect(stdout).toContain('over 80 % of its budget: $2.50 of $1.00');
    expect(stdout).not.toContain('\u001b');
  });

  it('killed between two statements, the next one does the rest', async () => {
    const key = await seedKey(admin);
    await seedUsage(admin, { keyId: key.id, times: 3, secondsAgo: 60 });
    for (const point of ['rollup.collected', 'rollup.rolled']) {
      const ctx = await contextOn(database);
      const killed = async (reached: string) => {
        if (reached === point) throw new Error('killed');
      };
      await expect(rollUp({ ...ctx, reached: killed })).rejects.toThrow('killed');
      await ctx.db.close();
    }
    const ctx = await contextOn(database);
    await rollUp(ctx);
    await ctx.db.close();
    await agree();
  });

  it('is for operators (77), and takes no argument (2)', async () => {
    expect((await rollup([], { role: 'test_viewer' })).code).toBe(77);
    expect((await rollup(['--json'], { role: 'test_gateway' })).code).toBe(77);
    const wrong = await rollup(['alice-prod']);
    expect(wrong.code).toBe(2);
  });
});

describe('the settings that it enforces', () => {
  const keyRow = async (id: string) =>
    (await admin.sql`select auto_suspend, budget_alerts from keyctl.api_keys where id = ${id}`)[0];
  const update = (args: readonly string[]) =>
    runCommand(['keys', 'update', ...args, ...why], { database, role: 'test_operator' });

  it('are made with a key, shown with it and taken away again', async () => {
    const made = await runCommand(
      [
        'keys',
        'create',
        '--name',
        'capped',
        '--owner',
        'a@example.com',
        '--budget',
        '10',
        '--auto-suspend',
      ].concat(['--budget-alert', '80', '--deliver', 'stdout', '--json', '--expires', '30d']),
      { database, role: 'test_operator' },
    );
    const { key_id: id } = JSON.parse(made.stdout);
    expect(await keyRow(id)).toEqual({ auto_suspend: true, budget_alerts: [80] });
    const shown = await runCommand(['keys', 'show', id, '--json'], { database, role: 'test_viewer' });
    expect(JSON.parse(shown.stdout)).toMatchObject({ auto_suspend: true, budget_alerts: [80] });
    const changed = await update([id, '--no-auto-suspend', '--budget-alert', 'none']);
    expect(changed.stdout).toMatch(/auto suspend +yes → no/);
    expect(changed.stdout).toMatch(/budget alerts +80 → none/);
    expect(await keyRow(id)).toEqual({ auto_suspend: false, budget_alerts: [] });
    expect((await auditOf(admin, id)).at(-1)).toMatchObject({
      action: 'key.updated',
      record: { details: { after: { auto_suspend: false, budget_alerts: [] } } },
    });
  });

  it('are refused where they say nothing (2)', async () => {
    const key = await seedKey(admin);
    const wrong = await update([key.id, '--budget-alert', '120']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('--budget-alert');
    for (const settings of [
      { budget_alerts: [0] },
      { budget_alerts: [101] },
      { budget_alerts: null },
      { auto_suspend: null },
    ])
      await expect(
        admin.sql`select keyctl.update_key(gen_random_uuid(), '{}', ${key.id}, ${JSON.stringify(settings)}::text::jsonb, null, 'FIN-12: as the contract says')`,
      ).rejects.toMatchObject({ code: 'KC422' });
  });
});
