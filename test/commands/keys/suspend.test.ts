import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, bystanders, seedKey, seedUsage } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const why = ['--reason', 'odd traffic since 02:11, INC-42'];
const keys = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', ...args], { database, role: 'test_operator', ...options });
const status = async (id: string) =>
  (await admin.sql`select status, keyctl.decide(id) as decision from keyctl.keys where id = ${id}`)[0];

describe('keys suspend', () => {
  it('suspends that key alone, until resumed, with its row', async () => {
    const key = await seedKey(admin);
    const before = await bystanders(admin, [key.id]);
    const ran = await keys(['suspend', key.id, '--yes', ...why]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/✓ suspended \S+Z until it is resumed · audit \d+/);
    expect(await status(key.id)).toEqual({ status: 'suspended', decision: 'suspended' });
    expect(await bystanders(admin, [key.id])).toEqual(before);
    expect((await auditOf(admin, key.id)).at(-1)).toMatchObject({
      action: 'key.suspended',
      reason: why[1],
      actor_db: 'test_operator',
      record: { details: { status_before: 'active' } },
    });
  });

  it('--for ends by itself, counted by the database’s clock', async () => {
    const key = await seedKey(admin);
    const ran = await keys(['suspend', key.id, '-y', '--for', '4h', '--json', ...why]);
    const [result] = JSON.parse(ran.stdout).results;
    expect(result).toEqual({
      key_id: key.id,
      outcome: 'suspended',
      suspended_at: expect.stringMatching(/Z$/),
      suspended_until: expect.stringMatching(/Z$/),
      reason: why[1],
      audit_seq: expect.any(Number),
      error: null,
    });
    expect(Date.parse(result.suspended_until) - Date.parse(result.suspended_at)).toBe(4 * 3_600_000);
    await admin.sql`update keyctl.api_keys set suspended_until = clock_timestamp() - interval '1 second' where id = ${key.id}`;
    expect(await status(key.id)).toEqual({ status: 'active', decision: 'ok' });
    // It can be suspended again, and goes back to where it was before both.
    expect((await keys(['suspend', key.id, '-y', ...why])).code).toBe(0);
    expect((await keys(['resume', key.id, '-y', ...why])).stdout).toContain('active again');
  });

  it('twice is success, and restamps nothing', async () => {
    const key = await seedKey(admin, { status: 'suspended' });
    const rows = await auditOf(admin, key.id);
    const ran = await keys(['suspend', key.id, '-y', '--for', '1h', '--json', ...why]);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      suspended: 0,
      already_suspended: 1,
      failed: 0,
      results: [{ suspended_until: null, reason: 'seeded: being looked into', audit_seq: null }],
    });
    expect(await auditOf(admin, key.id)).toEqual(rows);
  });

  it.each(['revoked', 'replaced', 'pending'] as const)('a %s key: 4, nothing written', async (dead) => {
    const key = await seedKey(admin, { status: dead });
    const rows = await auditOf(admin, key.id);
    const ran = await keys(['suspend', key.id, '-y', ...why]);
    expect(ran).toMatchObject({ code: 4, stdout: '' });
    expect(ran.stderr).toContain(`${key.id} is ${dead} and cannot be suspended`);
    expect(await auditOf(admin, key.id)).toEqual(rows);
  });

  it('several: an outcome each; 6 when one was refused, its code when all were', async () => {
    const [living, dead, other] = [
      await seedKey(admin),
      await seedKey(admin, { status: 'revoked' }),
      await seedKey(admin, { status: 'revoked' }),
    ];
    const ran = await keys(['suspend', living.id, dead.id, '-y', '--json', ...why]);
    expect(ran.code).toBe(6);
    expect(JSON.parse(ran.stdout).results.map((each: { outcome: string }) => each.outcome)).toEqual([
      'suspended',
      'failed',
    ]);
    const text = await keys(['suspend', dead.id, other.id, '-y', ...why]);
    expect(text.code).toBe(4);
    expect(text.stdout).toContain(`${dead.id}  ▲ NOT suspended: `);
  });

  it('a SELECTION needs its count off a terminal, and leaves out what cannot be suspended', async () => {
    const mine = { owner: 'selection@example.com' };
    const [one, two] = [await seedKey(admin, mine), await seedKey(admin, mine)];
    const pending = await seedKey(admin, { ...mine, status: 'pending' });
    await seedKey(admin, { ...mine, status: 'revoked' });
    const select = ['suspend', '--owner', mine.owner, ...why];
    expect((await keys([...select, '-y'])).code).toBe(5);
    expect((await keys([...select, '-y', '--expect', '3'])).code).toBe(5);
    expect(await status(one.id)).toMatchObject({ status: 'active' });
    const plan = JSON.parse((await keys([...select, '--dry-run', '--json'])).stdout);
    expect(plan).toMatchObject({ dry_run: true, count: 2 });
    const ran = await keys([...select, '-y', '--expect', '2', '-o', 'ids']);
    expect(ran.stdout.trim().split('\n').sort()).toEqual([one.id, two.id].sort());
    expect(await status(pending.id)).toMatchObject({ status: 'pending' });
    expect(
      (await keys(['suspend', '--owner', 'nobody@example.com', '-y', '--expect', '1', ...why])).code,
    ).toBe(3);
  });

  it('asks with the key’s own id after showing what would break and where; another answer is 5', async () => {
    const key = await seedKey(admin, { owner: 'alice@example.com' });
    await seedUsage(admin, { keyId: key.id, times: 20, secondsAgo: 4, endpoint: '/v1/export' });
    const word = key.id.slice(4, 8);
    const no = await keys(['suspend', key.id, ...why], { terminal: true, answers: [['Type', 'yes']] });
    expect(no).toMatchObject({ code: 5, stdout: '' });
    expect(await status(key.id)).toMatchObject({ status: 'active' });
    const ran = await keys(['suspend', key.id], {
      terminal: true,
      answers: [
        [`Type ${word} to suspend it`, word],
        ['Reason', 'being looked into, INC-42'],
      ],
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/alice@example\.com[\s\S]*\/v1\/export/);
    expect(ran.stderr).toContain(`${database.name} as test_operator`);
    expect(await status(key.id)).toMatchObject({ status: 'suspended' });
  });

  it.each([
    ['--yes', ['suspend', 'key_000000000000', ...why], 5],
    ['--reason', ['suspend', 'key_000000000000', '-y'], 2],
    ['--for', ['suspend', 'key_000000000000', '-y', '--for', '0', ...why], 2],
    ['KEY', ['suspend', '-y', ...why], 2],
    ['key_000000000000', ['suspend', 'key_000000000000', '-y', ...why], 3],
  ])('refuses what is missing: %s', async (flag, args, code) => {
    const ran = await keys(args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(flag);
  });

  it('a viewer and an auditor may not: 77', async () => {
    const key = await seedKey(admin);
    for (const role of ['test_viewer', 'test_auditor'] as const) {
      expect((await keys(['suspend', key.id, '-y', ...why], { role })).code).toBe(77);
    }
    expect(await status(key.id)).toMatchObject({ status: 'active' });
  });

  it('--operation-id again answers the first outcome, whatever happened since', async () => {
    const key = await seedKey(admin);
    const args = ['suspend', key.id, '-y', '--operation-id', randomUUID(), '--json', ...why];
    const first = await keys(args);
    await keys(['resume', key.id, '-y', ...why]);
    expect((await keys(args)).stdout).toBe(first.stdout);
    expect(await status(key.id)).toMatchObject({ status: 'active' });
  });
});

describe('keys resume', () => {
  it('puts a key back to where it was: active, or retiring with its grace running on', async () => {
    const active = await seedKey(admin, { status: 'suspended' });
    const retiring = await seedKey(admin, { status: 'retiring' });
    await keys(['suspend', retiring.id, '-y', ...why]);
    const ran = await keys(['resume', active.id, retiring.id, '-y', '--json', ...why]);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      resumed: 2,
      not_suspended: 0,
      failed: 0,
      results: [{ status: 'active' }, { status: 'retiring' }],
    });
    expect((await auditOf(admin, active.id)).at(-1)).toMatchObject({ action: 'key.resumed', reason: why[1] });
  });

  it('what is not suspended is success without a row; a dead key is refused (4)', async () => {
    const active = await seedKey(admin);
    const rows = await auditOf(admin, active.id);
    const ran = await keys(['resume', active.id, '-y', ...why]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('not suspended: it is active');
    expect(await auditOf(admin, active.id)).toEqual(rows);
    const dead = await seedKey(admin, { status: 'revoked' });
    expect((await keys(['resume', dead.id, '-y', ...why])).code).toBe(4);
  });

  it('a SELECTION means the suspended keys only', async () => {
    const mine = { owner: 'resume@example.com' };
    await seedKey(admin, mine);
    const suspended = await seedKey(admin, { ...mine, status: 'suspended' });
    const ran = await keys(['resume', '--owner', mine.owner, '-y', '--expect', '1', '-o', 'ids', ...why]);
    expect(ran).toMatchObject({ code: 0, stdout: `${suspended.id}\n` });
  });

  it('says since when and why it is suspended before it asks', async () => {
    const key = await seedKey(admin, { status: 'suspended', name: 'evil\x1b[2J' });
    const word = key.id.slice(4, 8);
    const ran = await keys(['resume', key.id, ...why], { terminal: true, answers: [['to resume it', word]] });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('seeded: being looked into');
    expect(ran.stderr).toContain('evil\\x1b[2J');
    expect(ran.stderr).toContain(`${database.name} as test_operator`);
  });
});
