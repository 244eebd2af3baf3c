import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, bystanders, type SeededKey, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const why = ['--reason', 'the v1 export ends, PLAT-1182'];
const keys = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', ...args], { database, role: 'test_operator', ...options });
const shown = async (id: string) => JSON.parse((await keys(['show', id, '--json'])).stdout);
const dateIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
/** Moves a plan to so many hours from now by the database's clock. */
const moveTo = (key: SeededKey, hours: number) =>
  admin.sql`update keyctl.api_keys set retire_on = now() + make_interval(hours => ${hours}),
    usable_until = now() + make_interval(hours => ${hours}) where id = ${key.id}`;

describe('keys retire', () => {
  it('plans the end for a date, midnight UTC, with its row, and nothing else changes', async () => {
    const key = await seedKey(admin);
    const before = await bystanders(admin, [key.id]);
    const ran = await keys(['retire', key.id, '--on', dateIn(60), '-y', '--json', ...why]);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toEqual({
      operation_id: expect.any(String),
      results: [
        {
          key_id: key.id,
          outcome: 'planned',
          retire_on: `${dateIn(60)}T00:00:00.000Z`,
          phase: 'planned',
          retire_on_before: null,
          expires_at: null,
          audit_seq: expect.any(Number),
          error: null,
        },
      ],
      planned: 1,
      moved: 0,
      already_planned: 0,
      failed: 0,
    });
    expect(await shown(key.id)).toMatchObject({
      status: 'active',
      retire_on: `${dateIn(60)}T00:00:00.000Z`,
      usable_until: `${dateIn(60)}T00:00:00.000Z`,
      retire_reason: why[1],
      retirement_phase: 'planned',
      left_out: 'retirement_planned',
    });
    expect(await auditOf(admin, key.id)).toMatchObject([
      { action: 'key.retirement_planned', reason: why[1], actor_db: 'test_operator' },
    ]);
    expect(await bystanders(admin, [key.id])).toEqual(before);
  });

  it('again moves it, to an RFC 3339 time too, and says from when; the same once more is success without a row', async () => {
    const key = await seedKey(admin);
    await keys(['retire', key.id, '--on', dateIn(60), '-y', ...why]);
    const at = `${dateIn(20)}T18:30:00+02:00`;
    const moved = await keys(['retire', key.id, '--on', at, '-y', ...why]);
    expect(moved.code).toBe(0);
    expect(moved.stdout).toContain(`retires ${dateIn(20)}T16:30:00.000Z (in `);
    expect(moved.stdout).toContain(`notice), instead of ${dateIn(60)}T00:00:00.000Z`);
    const rows = await auditOf(admin, key.id);
    expect((await keys(['retire', key.id, '--on', at, '-y', ...why])).stdout).toContain('planned already');
    expect(await auditOf(admin, key.id)).toEqual(rows);
  });

  it('--cancel takes it back; without a plan that is success too', async () => {
    const key = await seedKey(admin);
    await keys(['retire', key.id, '--on', dateIn(60), '-y', ...why]);
    const ran = await keys(['retire', key.id, '--cancel', '-y', '--json', '--reason', 'the export goes on']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ cancelled: 1, results: [{ retire_on: null }] });
    expect(await shown(key.id)).toMatchObject({
      retire_on: null,
      usable_until: null,
      retirement_phase: null,
    });
    expect((await auditOf(admin, key.id)).at(-1)).toMatchObject({
      action: 'key.retirement_cancelled',
      reason: 'the export goes on',
    });
    const again = await keys(['retire', key.id, '--cancel', '-y', '--reason', 'the export goes on']);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('no retirement is planned') });
  });

  it.each([
    [40 * 24 + 1, 'planned', 'planned 40 d', 100],
    [20 * 24 + 1, 'notice', 'notice 20 d', 100],
    [10 * 24 + 1, 'migration', 'migration 10 d', 100],
    [6 * 24 + 1, 'deprecation', 'deprecation 6 d', 75],
    [3, 'deprecation', 'deprecation 2 h', 10],
  ])(
    '%d h before, list, show and explain tell the phase and the limits that hold',
    async (hours, phase, note, percent) => {
      const key = await seedKey(admin, { prefix: `p${hours}` });
      await admin.sql`update keyctl.api_keys set rpm = 200, rph = 3 where id = ${key.id}`;
      await keys(['retire', key.id, '--on', dateIn(60), '-y', ...why]);
      await moveTo(key, hours);
      expect((await keys(['list', '--prefix', `p${hours}`])).stdout).toContain(note);
      expect(await shown(key.id)).toMatchObject({
        retirement_phase: phase,
        rpm: 200,
        effective_limits: {
          percent,
          rpm: 2 * percent,
          rph: percent === 100 ? 3 : Math.max(1, Math.floor(0.03 * percent)),
        },
      });
      const explained = JSON.parse((await keys(['explain', key.id, '--json'])).stdout);
      expect(explained).toMatchObject({
        decision: 'ok',
        retirement_phase: phase,
        limits: { percent, rpm: 2 * percent },
      });
      // The last moment that changes the decision is the retirement itself.
      expect(explained.changes.at(-1)).toMatchObject({ status: 'revoked', decision: 'revoked' });
      const card = (await keys(['show', key.id])).stdout;
      expect(card).toContain(`of ${2 * percent} in the last minute`);
      if (percent < 100) expect(card).toContain(`${percent} % of what it was given`);
      else expect(card).not.toContain('of what it was given');
      expect(card.replace(/\s+/g, ' ')).toContain('the v1 export ends, PLAT-1182');
    },
  );

  it('explain --at moves through the phases, and a retired key’s limits are 0', async () => {
    const key = await seedKey(admin);
    await admin.sql`update keyctl.api_keys set rpm = 200 where id = ${key.id}`;
    await keys(['retire', key.id, '--on', dateIn(60), '-y', ...why]);
    const at = async (moment: string) =>
      JSON.parse((await keys(['explain', key.id, '--at', `${moment}`, '--json'])).stdout);
    expect(await at(`${dateIn(56)}T00:00:00Z`)).toMatchObject({
      retirement_phase: 'deprecation',
      limits: { percent: 50, rpm: 100 },
    });
    expect(await at(`${dateIn(60)}T00:00:00Z`)).toMatchObject({
      decision: 'revoked',
      retirement_phase: 'retired',
      limits: { percent: 0, rpm: 0, rph: 0, quota_requests: 0 },
    });
  });

  it('says when the key expires before that', async () => {
    const key = await seedKey(admin);
    await admin.sql`update keyctl.api_keys set expires_at = now() + interval '5 days' where id = ${key.id}`;
    const ran = await keys(['retire', key.id, '--on', dateIn(60), '-y', ...why]);
    expect(ran.stdout).toMatch(/it expires before that: \S+Z/);
  });

  it.each(['pending', 'retiring', 'replaced', 'revoked', 'expired'] as const)(
    'a %s key: 4, nothing written',
    async (status) => {
      const key = await seedKey(admin, { status });
      const rows = await auditOf(admin, key.id);
      const ran = await keys(['retire', key.id, '--on', dateIn(60), '-y', ...why]);
      expect(ran).toMatchObject({ code: 4, stdout: '' });
      expect(ran.stderr).toContain(key.id);
      expect(await auditOf(admin, key.id)).toEqual(rows);
    },
  );

  it('several: an outcome each, 6 when one was refused', async () => {
    const [one, dead] = [await seedKey(admin), await seedKey(admin, { status: 'revoked' })];
    const ran = await keys(['retire', one.id, dead.id, '--on', dateIn(60), '-y', '--json', ...why]);
    expect(ran.code).toBe(6);
    expect(JSON.parse(ran.stdout)).toMatchObject({ planned: 1, failed: 1 });
  });

  it('--dry-run tells the phases and changes nothing', async () => {
    const key = await seedKey(admin);
    const before = await bystanders(admin, []);
    const ran = await keys(['retire', key.id, '--on', dateIn(60), '--dry-run', '--json']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      dry_run: true,
      count: 1,
      retire_on: `${dateIn(60)}T00:00:00.000Z`,
      phases: [
        { phase: 'notice', at: `${dateIn(30)}T00:00:00.000Z` },
        { phase: 'migration', at: `${dateIn(46)}T00:00:00.000Z` },
        { phase: 'deprecation', at: `${dateIn(53)}T00:00:00.000Z` },
        { phase: 'retired', at: `${dateIn(60)}T00:00:00.000Z` },
      ],
      keys: [{ key_id: key.id, status: 'active', retire_on_before: null }],
    });
    expect((await keys(['retire', key.id, '--cancel', '--dry-run'])).stdout).toContain(key.id);
    expect(await bystanders(admin, [])).toEqual(before);
  });

  it('the phases that a plan shows are those of the kernel', async () => {
    const key = await seedKey(admin);
    const plan = JSON.parse(
      (await keys(['retire', key.id, '--on', dateIn(60), '--dry-run', '--json'])).stdout,
    );
    for (const { phase, at } of plan.phases) {
      const [row] =
        await admin.sql`select keyctl.retirement_phase(${plan.retire_on}::timestamptz, ${at}::timestamptz) as phase,
        keyctl.retirement_phase(${plan.retire_on}::timestamptz, ${at}::timestamptz - interval '1 second') as before`;
      expect(row?.phase).toBe(phase);
      expect(row?.before).not.toBe(phase);
    }
  });

  it('asks with the key’s own id after showing when what begins; another answer is 5', async () => {
    const key = await seedKey(admin, { owner: 'alice@example.com', name: 'evil\x1b[2J' });
    const word = key.id.slice(4, 8);
    const args = ['retire', key.id, '--on', dateIn(60), ...why];
    const no = await keys(args, { terminal: true, answers: [['Type', 'yes']] });
    expect(no).toMatchObject({ code: 5, stdout: '' });
    expect(await shown(key.id)).toMatchObject({ retire_on: null });
    const ran = await keys(args, { terminal: true, answers: [[`Type ${word} to retire it`, word]] });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/alice@example\.com[\s\S]*deprecation/);
    expect(ran.stderr).toContain('evil\\x1b[2J');
    expect(ran.stderr).toContain(`${database.name} as test_operator`);
    expect(await shown(key.id)).toMatchObject({ retirement_phase: 'planned' });
  });

  it.each([
    ['--yes', ['retire', 'key_000000000000', '--on', '2099-01-31', ...why], 5],
    ['--reason', ['retire', 'key_000000000000', '--on', '2099-01-31', '-y'], 2],
    ['--on', ['retire', 'key_000000000000', '-y', ...why], 2],
    ['--on', ['retire', 'key_000000000000', '--on', '2001-01-31', '-y', ...why], 2],
    ['--on', ['retire', 'key_000000000000', '--on', '2099-02-31', '-y', ...why], 2],
    ['--on', ['retire', 'key_000000000000', '--on', '90d', '-y', ...why], 2],
    ['--cancel', ['retire', 'key_000000000000', '--on', '2099-01-31', '--cancel', '-y', ...why], 2],
    ['KEY', ['retire', '--on', '2099-01-31', '-y', ...why], 2],
    ['key_000000000000', ['retire', 'key_000000000000', '--on', '2099-01-31', '-y', ...why], 3],
  ])('refuses what is missing or wrong: %s in %j', async (flag, args, code) => {
    const ran = await keys(args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(flag);
  });

  it('a viewer may not: 77', async () => {
    const key = await seedKey(admin);
    const ran = await keys(['retire', key.id, '--on', dateIn(60), '-y', ...why], { role: 'test_viewer' });
    expect(ran.code).toBe(77);
  });

  it('--operation-id again answers the first outcome, whatever happened since', async () => {
    const key = await seedKey(admin);
    const args = [
      'retire',
      key.id,
      '--on',
      dateIn(60),
      '-y',
      '--operation-id',
      randomUUID(),
      '--json',
      ...why,
    ];
    const first = await keys(args);
    await keys(['retire', key.id, '--cancel', '-y', ...why]);
    expect((await keys(args)).stdout).toBe(first.stdout);
    expect(await shown(key.id)).toMatchObject({ retire_on: null });
  });
});
