import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../../support/postgres.js';

const day = 86_400;
const why = ['--reason', 'SEC-77: the quarterly audit asks for it'];

let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const set = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', 'policy', 'set', ...args], { database, role: 'test_admin', ...options });
const stored = async (name: string) =>
  (
    await admin.sql`select applies_to, rotate_every_seconds::int as rotate, grace_seconds::int as grace, keep_previous as keep,
    review_every_seconds::int as review, expires_within_seconds::int as expires from keyctl.policies where name = ${name}`
  )[0];
const rows = async () =>
  await admin.sql`select seq::int, reason, key_id, record::jsonb -> 'details' as details from keyctl.audit_log where action = 'policy.set' order by seq`;

describe('keys policy set', () => {
  it('makes a policy with everything it can ask, and leaves its row', async () => {
    const ran = await set([
      'partners',
      ...['--rotate-every', '30d', '--grace', '24h', '--keep-previous', '--review-every', '90d'],
      ...['--expires-within', '365d', '--json', ...why],
    ]);
    expect(ran.code).toBe(0);
    const after = {
      rotate_every_seconds: 30 * day,
      grace_seconds: day,
      keep_previous: true,
      review_every_seconds: 90 * day,
      expires_within_seconds: 365 * day,
    };
    expect(JSON.parse(ran.stdout)).toEqual({
      operation_id: expect.any(String),
      name: 'partners',
      applies_to: 'policy',
      outcome: 'created',
      before: Object.fromEntries(Object.keys(after).map((name) => [name, null])),
      after,
      audit_seq: expect.any(Number),
    });
    expect((await rows()).at(-1)).toMatchObject({
      reason: why[1],
      key_id: null,
      details: { name: 'partners', after },
    });
  });

  it('changes what is given, 0 and none included, and prints before and after', async () => {
    const ran = await set([
      'high',
      ...['--grace', '0', '--review-every', 'none', '--no-keep-previous', ...why],
    ]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/✓ high set · audit \d+/);
    expect(ran.stdout).toMatch(/grace +1 d → none at all/);
    expect(ran.stdout).toMatch(/review every +90 d → none/);
    expect(await stored('high')).toEqual({
      applies_to: 'policy',
      rotate: 30 * day,
      grace: 0,
      keep: false,
      review: null,
      expires: null,
    });
    const count = (await rows()).length;
    expect((await set(['high', '--grace', '0', ...why])).stdout).toContain('unchanged');
    expect(await rows()).toHaveLength(count);
  });

  it('sets an environment, named as one or not; mixed up is 2', async () => {
    expect((await set(['production', '--environment', '--expires-within', '400d', ...why])).code).toBe(0);
    expect((await set(['production', '--rotate-every', '60d', ...why])).code).toBe(0);
    expect(await stored('production')).toMatchObject({
      applies_to: 'environment',
      rotate: 60 * day,
      expires: 400 * day,
    });
    for (const name of ['standard', 'prod']) {
      expect(await set([name, '--environment', '--grace', '1h', ...why])).toMatchObject({
        code: 2,
        stdout: '',
      });
    }
    expect(await stored('prod')).toBeUndefined();
  });

  it('acts on keys at once: create is refused beyond the latest expiry, and gets it when it names none', async () => {
    await set(['brief', '--expires-within', '10d', ...why]);
    const create = (more: readonly string[]) =>
      runCommand(
        [
          ...['keys', 'create', '--name', 'n', '--owner', 'a@example.com', '--policy', 'brief'],
          ...['--deliver', 'stdout', '--json', ...more],
        ],
        { database, role: 'test_operator' },
      );
    const late = await create(['--expires', '11d']);
    expect(late).toMatchObject({ code: 2, stdout: '' });
    expect(late.stderr).toMatch(/--expires: its policy allows no expiry after \d{4}-\d\d-\d\dT/);
    const { expires_at: expires, key_id: id } = JSON.parse((await create([])).stdout);
    expect(Math.round((Date.parse(expires) - Date.now()) / 3_600_000)).toBe(240);
    const update = await runCommand(['keys', 'update', id, '--expires', 'none', ...why], {
      database,
      role: 'test_operator',
    });
    expect(update).toMatchObject({ code: 2, stderr: expect.stringContaining('--expires') });
  });

  it('--dry-run shows both and changes nothing', async () => {
    const before = await stored('limited');
    const ran = await set(['limited', '--grace', '2h', '--rotate-every', '180d', '--dry-run', '--json']);
    expect(JSON.parse(ran.stdout)).toEqual({
      dry_run: true,
      count: 1,
      name: 'limited',
      applies_to: 'policy',
      keys: 0,
      before: { grace_seconds: day },
      after: { grace_seconds: 7200 },
    });
    expect((await set(['brand-new', '--grace', '2h', '--dry-run'])).stdout).toContain('would be created');
    expect((await set(['limited', '--rotate-every', '180d', '--dry-run'])).stdout).toContain(
      'would be unchanged',
    );
    expect(await stored('limited')).toEqual(before);
    expect(await stored('brand-new')).toBeUndefined();
  });

  it.each([
    ['name', ['--grace', '1h', ...why], 2],
    ['NAME', ['none', '--grace', '1h', ...why], 2],
    ['NAME', ['A B', '--grace', '1h', ...why], 2],
    ['SETTING', ['high', ...why], 2],
    ['--reason', ['high', '--grace', '1h'], 2],
    ['--rotate-every', ['high', '--rotate-every', '5m', ...why], 2],
    ['--rotate-every', ['high', '--rotate-every', '3M', ...why], 2],
    ['--review-every', ['high', '--review-every', '5h', ...why], 2],
    ['--expires-within', ['high', '--expires-within', '0', ...why], 2],
    ['--grace', ['high', '--grace', '-5', ...why], 2],
    ['grace period', ['high', '--grace', '30d', ...why], 2],
  ])('refuses what is missing or wrong: %s in %j', async (word, args, code) => {
    const ran = await set(args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(word);
  });

  it('an operator may not: 77; a terminal is asked for the reason', async () => {
    expect((await set(['high', '--grace', '1h', ...why], { role: 'test_operator' })).code).toBe(77);
    const ran = await set(['high', '--grace', '1h'], {
      terminal: true,
      answers: [['Reason', 'SEC-78: an hour is enough']],
    });
    expect(ran.code).toBe(0);
    expect(await stored('high')).toMatchObject({ grace: 3600 });
  });

  it('--operation-id again answers the first outcome', async () => {
    const args = ['high', '--grace', '2h', '--operation-id', randomUUID(), '--json', ...why];
    const first = await set(args);
    await set(['high', '--grace', '3h', ...why]);
    expect((await set(args)).stdout).toBe(first.stdout);
    expect(await stored('high')).toMatchObject({ grace: 10_800 });
  });
});
