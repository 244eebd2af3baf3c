import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../../../support/postgres.js';
import { seedKey } from '../../../support/seed-keys.js';

const why = ['--reason', 'erasure request DSR-118 of 2026-08-20'];

describe.each(servers)('keys owner forget on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
  });
  afterAll(() => database.drop());

  const forget = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
    runCommand(['keys', 'owner', 'forget', ...args], { database, role: 'test_admin', ...options });
  const owner = async (email: string) =>
    (await admin.sql`select * from keyctl.owners where email = ${email}`)[0];
  const rows = async () =>
    await admin.sql`select operation_id, reason, key_id, record from keyctl.audit_log where action = 'owner.forgotten' order by seq`;
  const verdict = async () =>
    JSON.parse((await runCommand(['audit', 'verify', '--json'], { database, role: 'test_auditor' })).stdout);

  /** Every table of the database as text, as a dump would hold it. */
  async function placesOf(text: string): Promise<string[]> {
    const tables = await admin.sql`select format('%I.%I', n.nspname, c.relname) as name from pg_class c
      join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and n.nspname like 'keyctl%'`;
    const found: string[] = [];
    for (const { name } of tables) {
      const [row] = await admin.sql.unsafe(
        `select count(*)::int as n from ${name} t where position(lower($1) in lower(t::text)) > 0`,
        [text],
      );
      if (Number(row?.n) > 0) found.push(String(name));
    }
    return found;
  }

  it('empties what is personal, leaves keys and chain whole, and the address nowhere', async () => {
    const email = 'vera.lindqvist@example.com';
    const key = await seedKey(admin, { owner: email, userId: 'vera-4711' });
    const other = await seedKey(admin, { owner: 'finance@example.com' });
    await admin.sql`update keyctl.owners set name = 'Vera Lindqvist' where email = ${email}`;
    await admin.sql`update keyctl.api_keys set billing_contact = 'bills@example.com' where id = ${key.id}`;
    await admin.sql`update keyctl.api_keys set billing_contact = 'Vera.Lindqvist@Example.com' where id = ${other.id}`;
    const before = await verdict();
    expect(await placesOf(email)).toEqual(expect.arrayContaining(['keyctl.owners', 'keyctl.api_keys']));
    const ownerId = (await owner(email))?.owner_id;

    const ran = await forget([email.toUpperCase(), '--yes', '--json', ...why]);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toEqual({
      operation_id: expect.any(String),
      outcome: 'forgotten',
      owner_id: ownerId,
      keys: 1,
      billing_contacts: 2,
      forgotten_at: expect.stringMatching(/Z$/),
      mentions: [],
      audit_seq: expect.any(Number),
    });
    for (const text of [email, 'vera-4711', 'Vera Lindqvist', 'bills@example.com'])
      expect({ text, places: await placesOf(text) }).toEqual({ text, places: [] });
    const [left] = await admin.sql`select * from keyctl.owners where owner_id = ${ownerId}`;
    expect(left).toMatchObject({ email: null, name: null, user_id: null, forgotten_at: expect.anything() });
    const [kept] = await admin.sql`select status, owner_id from keyctl.keys where id = ${key.id}`;
    expect(kept).toEqual({ status: 'active', owner_id: ownerId });
    expect((await rows()).at(-1)).toMatchObject({ reason: why[1], key_id: null });
    const after = await verdict();
    expect(after).toMatchObject({ first_bad_seq: null, rows: before.rows + 1 });
    expect(before.first_bad_seq).toBeNull();
  });

  it('says what free text still holds the address', async () => {
    const email = 'said@example.com';
    await seedKey(admin, { owner: email, name: 'laptop of said@example.com' });
    await admin.sql`select keyctl.block_ip(${randomUUID()}::uuid, '{}'::jsonb, '192.0.2.9'::inet, 'asked for by Said@example.com')`;
    const ran = await forget([email, '--yes', ...why]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('is forgotten · audit');
    expect(ran.stdout).toContain('1 rows of the audit log');
    expect(ran.stdout).toContain('1 keys (name, description');
    expect(ran.stdout).toContain('1 reasons of IP blocks');
    expect(ran.stdout).toContain('backups');
  });

  it('a dry run shows what would be emptied and changes nothing', async () => {
    const key = await seedKey(admin, { owner: 'dry@example.com' });
    const count = (await rows()).length;
    const ran = await forget(['dry@example.com', '--dry-run', '--json']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      dry_run: true,
      count: 1,
      owner: 'dry@example.com',
      keys: [{ key_id: key.id, status: 'active' }],
    });
    expect(await owner('dry@example.com')).toBeDefined();
    expect(await rows()).toHaveLength(count);
  });

  it('asks on a terminal for the address, and takes no other', async () => {
    await seedKey(admin, { owner: 'asked@example.com' });
    const refused = await forget(['asked@example.com', ...why], {
      terminal: true,
      answers: [['Type asked@example.com', 'yes']],
    });
    expect(refused.code).toBe(5);
    expect(await owner('asked@example.com')).toBeDefined();
    const agreed = await forget(['asked@example.com', ...why], {
      terminal: true,
      answers: [['Type asked@example.com', 'asked@example.com']],
    });
    expect(agreed.stderr).toContain(database.name);
    expect(agreed.code).toBe(0);
    expect(await owner('asked@example.com')).toBeUndefined();
  });

  it('the same operation again answers the first outcome and writes no second row', async () => {
    await seedKey(admin, { owner: 'twice@example.com' });
    const again = ['twice@example.com', '--yes', '--json', '--operation-id', randomUUID(), ...why];
    const first = await forget(again);
    const count = (await rows()).length;
    const second = await forget(again);
    expect(second.code).toBe(0);
    expect(JSON.parse(second.stdout)).toEqual(JSON.parse(first.stdout));
    expect(await rows()).toHaveLength(count);
  });

  it('of two at once one forgets, and the other finds nobody', async () => {
    await seedKey(admin, { owner: 'race@example.com' });
    const ran = await Promise.all([1, 2].map(() => forget(['race@example.com', '--yes', ...why])));
    expect(ran.map(({ code }) => code).sort()).toEqual([0, 3]);
  });

  it('who is registered again is a new owner', async () => {
    await seedKey(admin, { owner: 'back@example.com' });
    const first = (await owner('back@example.com'))?.owner_id;
    await forget(['back@example.com', '--yes', ...why]);
    await seedKey(admin, { owner: 'back@example.com' });
    expect((await owner('back@example.com'))?.owner_id).not.toBe(first);
  });

  it.each([
    [
      'an unknown address',
      ['nobody@example.com', '--yes', ...why],
      {},
      3,
      /nobody@example\.com not found in .*test_/,
    ],
    ['no consent', ['x@example.com', ...why], {}, 5, /--yes/],
    ['no reason', ['x@example.com', '--yes'], {}, 2, /--reason is required/],
    ['no address', ['nobody', '--yes', ...why], {}, 2, /EMAIL.*not an e-mail address/s],
    [
      'a reason with the address in it',
      ['x@example.com', '--yes', '--reason', 'request of X@example.com'],
      {},
      2,
      /keep the address for ever/,
    ],
    [
      'an actor that is the address',
      ['said2@example.com', '--yes', '--actor', 'said2@example.com', ...why],
      {},
      2,
      /keep the address for ever/,
    ],
    ['an operator', ['x@example.com', '--yes', ...why], { role: 'test_operator' }, 77, /keyctl_admin/],
  ] as const)('refuses %s', async (_name, args, options, code, message) => {
    const count = (await rows()).length;
    const ran = await forget(args, options);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
    expect(ran.stderr).toMatch(message);
    expect(await rows()).toHaveLength(count);
  });
});
