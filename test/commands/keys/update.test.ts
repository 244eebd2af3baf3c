import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf, bystanders, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const why = ['--reason', 'PLAT-1182: more workers from Monday'];
const update = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', 'update', ...args], { database, role: 'test_operator', ...options });
const keyRow = async (id: string) => (await admin.sql`select * from keyctl.api_keys where id = ${id}`)[0];

describe('keys update', () => {
  it('prints before and after, changes that key alone, and leaves its row', async () => {
    const key = await seedKey(admin, { scopes: ['a:b'], owner: 'alice@example.com' });
    const before = await bystanders(admin, [key.id]);
    const ran = await update([
      key.id,
      '--rpm',
      '200',
      '--scope',
      'a:*',
      '--owner',
      'bob@example.com',
      ...why,
    ]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('✓ updated · audit ');
    expect(ran.stdout).toMatch(/rpm +none → 200/);
    expect(ran.stdout).toMatch(/scopes +a:b → a:\*/);
    expect(ran.stdout).toMatch(/owner +alice@example\.com → bob@example\.com/);
    expect(await keyRow(key.id)).toMatchObject({ rpm: 200, scopes: ['a:*'] });
    expect(await bystanders(admin, [key.id])).toEqual(before);

    const row = (await auditOf(admin, key.id)).at(-1);
    expect(row).toMatchObject({ action: 'key.updated', reason: why[1], actor_db: 'test_operator' });
    expect(row?.record.details).toMatchObject({
      before: { rpm: null },
      after: { rpm: 200, scopes: ['a:*'] },
    });
    expect(JSON.stringify(row?.record)).not.toContain('@example.com');
  });

  it('--json: the fields under their names in a key’s record, and a count of each outcome', async () => {
    const [one, two] = [await seedKey(admin), await seedKey(admin)];
    await update([one.id, '--rph', '7', ...why]);
    const ran = await update([one.id, two.id, '--rph', '7', '--json', ...why]);
    expect(ran.code).toBe(0);
    const { operation_id: operationId, ...answer } = JSON.parse(ran.stdout);
    expect(operationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer).toEqual({
      results: [
        { key_id: one.id, outcome: 'unchanged', before: {}, after: {}, audit_seq: null, error: null },
        {
          key_id: two.id,
          outcome: 'updated',
          before: { rph: null },
          after: { rph: 7 },
          audit_seq: expect.any(Number),
          error: null,
        },
      ],
      updated: 1,
      unchanged: 1,
      failed: 0,
    });
  });

  it('takes settings away with none, and turns a decoy back', async () => {
    const key = await seedKey(admin);
    await update([
      key.id,
      '--rpm',
      '5',
      '--level',
      'admin',
      '--scope',
      'a:b',
      '--decoy',
      '--expires',
      '9d',
      ...why,
    ]);
    const gone = ['--rpm', 'none', '--level', 'none', '--scope', 'none', '--no-decoy', '--expires', 'none'];
    const ran = await update([key.id, ...gone, ...why]);
    expect(ran.code).toBe(0);
    expect(await keyRow(key.id)).toMatchObject({
      rpm: null,
      level: null,
      scopes: [],
      decoy: false,
      expires_at: null,
    });
  });

  it('counts --expires from the database’s clock (F13)', async () => {
    const key = await seedKey(admin);
    await update([key.id, '--expires', '30d', ...why], { now: new Date('2001-01-01') });
    const [row] =
      await admin.sql`select expires_at - clock_timestamp() between interval '29 days 23 hours' and interval '30 days' as near
      from keyctl.api_keys where id = ${key.id}`;
    expect(row?.near).toBe(true);
  });

  it('sets how it is rotated and reviewed, shows it with units, and takes it away with none', async () => {
    const key = await seedKey(admin);
    const flags = ['--policy', 'high', '--on-expiry', 'renew', '--review-every', '30d'];
    const ran = await update([key.id, ...flags, '--exempt-from-rotation', 'burnt into the device', ...why]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/policy +none → high/);
    expect(ran.stdout).toMatch(/review every +none → 30 d/);
    expect(ran.stdout).toMatch(/on expiry +end → renew/);
    const shown = async () =>
      JSON.parse(
        (await runCommand(['keys', 'show', key.id, '--json'], { database, role: 'test_viewer' })).stdout,
      );
    expect(await shown()).toMatchObject({
      policy: 'high',
      exempt_reason: 'burnt into the device',
      on_expiry: 'renew',
      review_every_seconds: 30 * 86_400,
      rotation_due_cause: 'policy',
      left_out: 'exempt',
    });
    const card = await runCommand(['keys', 'show', key.id], { database, role: 'test_viewer' });
    expect(card.stdout).toContain('exempt: burnt into the device');
    const gone = ['--policy', 'none', '--exempt-from-rotation', 'none', '--review-every', 'none'];
    expect((await update([key.id, ...gone, '--on-expiry', 'end', ...why])).code).toBe(0);
    expect(await shown()).toMatchObject({
      policy: null,
      exempt_reason: null,
      on_expiry: 'end',
      review_every_seconds: null,
      left_out: null,
      review_due_at: null,
    });
    expect((await auditOf(admin, key.id)).map((row) => row.action)).toEqual(['key.updated', 'key.updated']);
  });

  it('refuses a policy that there is not, and names those that there are: 2', async () => {
    const key = await seedKey(admin);
    const ran = await update([key.id, '--policy', 'gold', ...why]);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('--policy');
    expect(ran.stderr).toContain('high, limited, standard');
    expect(await auditOf(admin, key.id)).toEqual([]);
  });

  it('writes a row when only the owner’s name changes, and keeps the name out of the chain', async () => {
    const key = await seedKey(admin, { owner: 'carol@example.com' });
    const ran = await update([
      key.id,
      '--owner',
      'carol@example.com',
      '--owner-name',
      'Carol Quux',
      '--json',
      ...why,
    ]);
    expect(JSON.parse(ran.stdout).results[0].outcome).toBe('updated');
    const row = (await auditOf(admin, key.id)).at(-1);
    expect(row?.action).toBe('key.updated');
    expect(JSON.stringify(row?.record)).not.toContain('Quux');
    const [owner] = await admin.sql`select name from keyctl.owners where email = 'carol@example.com'`;
    expect(owner?.name).toBe('Carol Quux');
  });

  it('a dead key keeps its settings: 4, no row; among living ones: 6', async () => {
    const dead = await seedKey(admin, { status: 'revoked' });
    const gone = await seedKey(admin, { status: 'replaced' });
    const living = await seedKey(admin);
    const rows = (await auditOf(admin, dead.id)).length;
    expect(await update([dead.id, '--rpm', '5', ...why])).toMatchObject({ code: 4, stdout: '' });
    expect(await update([gone.id, '--rpm', '5', ...why])).toMatchObject({ code: 4 });
    const ran = await update([dead.id, living.id, '--rpm', '5', '--json', ...why]);
    expect(ran.code).toBe(6);
    expect(JSON.parse(ran.stdout)).toMatchObject({ updated: 1, failed: 1 });
    expect(JSON.parse(ran.stdout).results[0].error).toContain('its settings are history');
    expect(await update([dead.id, gone.id, '--rpm', '5', ...why])).toMatchObject({ code: 4 });
    expect(await auditOf(admin, dead.id)).toHaveLength(rows);
  });

  it('--operation-id again answers the first outcome and writes nothing', async () => {
    const key = await seedKey(admin);
    const again = ['--operation-id', randomUUID(), '--json', ...why];
    const first = await update([key.id, '--rpm', '5', ...again]);
    await update([key.id, '--rpm', '6', ...why]);
    expect((await update([key.id, '--rpm', '5', ...again])).stdout).toBe(first.stdout);
    expect((await keyRow(key.id))?.rpm).toBe(6);
    expect((await auditOf(admin, key.id)).filter((row) => row.action === 'key.updated')).toHaveLength(2);
  });

  it('--dry-run shows both and changes nothing', async () => {
    const key = await seedKey(admin, { owner: 'alice@example.com' });
    const before = await bystanders(admin, []);
    const flags = ['--rpm', '5', '--allow-ip', '198.51.100.7', '--owner', 'alice@example.com', '--dry-run'];
    const ran = await update([key.id, ...flags, '--json']);
    expect(JSON.parse(ran.stdout)).toEqual({
      dry_run: true,
      count: 1,
      keys: [
        {
          key_id: key.id,
          before: { allowed_ips: [], rpm: null },
          after: { allowed_ips: ['198.51.100.7'], rpm: 5 },
        },
      ],
    });
    expect(await bystanders(admin, [])).toEqual(before);
    await update([key.id, ...flags.slice(0, -1), ...why]);
    expect((await update([key.id, ...flags])).stdout).toContain('would be unchanged');
  });

  it('shows hostile names and values as text', async () => {
    const key = await seedKey(admin, { name: 'x\x1b]0;root\x07\u202e' });
    const ran = await update([key.id, '--name', 'plain', ...why]);
    expect(ran.stdout).toContain('name              x\\x1b]0;root\\x07\\u{202e} → plain');
  });

  it.each([
    ['KEY', ['--rpm', '5', ...why], 2],
    ['SETTING', ['key_000000000000', ...why], 2],
    ['--reason', ['key_000000000000', '--rpm', '5'], 2],
    ['--reason', ['key_000000000000', '--rpm', '5', '--reason', 'old key'], 2],
    ['--rpm', ['key_000000000000', '--rpm', '-5', ...why], 2],
    ['--user-id', ['key_000000000000', '--user-id', 'u', ...why], 2],
    ['--on-expiry', ['key_000000000000', '--on-expiry', 'explode', ...why], 2],
    ['--review-every', ['key_000000000000', '--review-every', '5h', ...why], 2],
    ['--exempt-from-rotation', ['key_000000000000', '--exempt-from-rotation', 'old key', ...why], 2],
    ['--name', ['key_000000000000', 'key_000000000001', '--name', 'n', ...why], 2],
    ['--expires', ['key_000000000000', '--expires', '2001-01-01', ...why], 2],
    ['key_000000000000', ['key_000000000000', '--rpm', '5', ...why], 3],
  ])('names %s in its refusal', async (flag, args, code) => {
    const ran = await update(args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(flag);
  });

  it('a viewer may not: 77', async () => {
    const key = await seedKey(admin);
    expect(await update([key.id, '--rpm', '5', ...why], { role: 'test_viewer' })).toMatchObject({ code: 77 });
  });

  it('on a terminal the key is searched for and the reason asked', async () => {
    const key = await seedKey(admin, { name: 'needle-in-haystack' });
    const ran = await update(['--rpm', '9'], {
      terminal: true,
      answers: [
        ['Which key?', 'needle'],
        ['Reason', 'PLAT-7: agreed with the owner'],
      ],
    });
    expect(ran.code).toBe(0);
    expect(await keyRow(key.id)).toMatchObject({ rpm: 9 });
  });
});
