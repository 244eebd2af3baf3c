import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { migrate } from '../../../src/db/migrate.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';

describe.each(servers)('db roles on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let logins: string[];

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    logins = [];
  });
  // Roles belong to the whole cluster.
  afterEach(async () => {
    for (const name of logins.splice(0))
      await admin.sql.unsafe(`drop owned by "${name}"; drop role "${name}"`);
  });
  afterAll(() => database.drop());

  async function newRole(attributes = 'login'): Promise<string> {
    const name = `test_${randomBytes(4).toString('hex')}`;
    await admin.sql.unsafe(`create role ${name} ${attributes}`);
    logins.push(name);
    return name;
  }
  const roles = (args: readonly string[], options: FakeOptions = {}) =>
    runCommand(['db', 'roles', ...args], { database, role: 'test_admin', ...options });
  const auditRows = async () =>
    Number((await admin.sql`select count(*) as rows from keyctl.audit_log`)[0]?.rows);

  it('lists who is in which role, directly and through a group of others, and the superusers', async () => {
    const team = await newRole('nologin');
    const member = await newRole();
    await admin.sql.unsafe(`grant keyctl_operator to ${team}; grant ${team} to ${member}`);
    const ran = await roles(['--json']);
    expect(ran.code).toBe(0);
    const listed = JSON.parse(ran.stdout).roles;
    const of = (name: string) => listed.filter((row: { member: string }) => row.member === name);
    expect(of(team)).toEqual([
      { role: 'keyctl_operator', member: team, login: false, via: null, on_search_path: false },
    ]);
    expect(of(member)).toEqual([
      { role: 'keyctl_operator', member, login: true, via: team, on_search_path: false },
    ]);
    expect(of('postgres')).toMatchObject([{ role: 'superuser' }]);
    expect(of('keyctl_admin')).toEqual([]);
  });

  it('grants: the login may what the role may, reads without naming the schema, and it is written down', async () => {
    const name = await newRole();
    const ran = await roles(['grant', name, 'operator', '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const granted = JSON.parse(ran.stdout);
    expect(granted).toMatchObject({
      outcome: 'granted',
      member: name,
      role: 'keyctl_operator',
      search_path: 'set',
    });
    const [row] = await admin.sql`select action, actor_db, record::jsonb -> 'details' as details
      from keyctl.audit_log where seq = ${granted.audit_seq}`;
    expect(row).toEqual({
      action: 'db.role_granted',
      actor_db: 'test_admin',
      details: { user: name, role: 'keyctl_operator', membership_new: true },
    });

    // As psql would: a session that keyctl does not prepare.
    const plain = postgres({
      host: server.socketDirectory,
      port: server.port,
      database: database.name,
      user: name,
      max: 1,
    });
    const [read] = await plain`select count(*)::int as rows from audit_log`;
    await plain.end();
    expect(read?.rows).toBeGreaterThan(0);
    expect(await runCommand(['keys', 'list'], { database, role: name as 'test_admin' })).toMatchObject({
      code: 0,
    });
  });

  it('grants once: the second time nothing changes and nothing is written', async () => {
    const name = await newRole();
    expect((await roles(['grant', name, 'keyctl_viewer'])).code).toBe(0);
    const before = await auditRows();
    const again = await roles(['grant', name, 'keyctl_viewer', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({
      outcome: 'already_granted',
      search_path: 'already',
      audit_seq: null,
    });
    expect(await auditRows()).toBe(before);
  });

  it('answers a repeated operation with its first outcome', async () => {
    const name = await newRole();
    const operation = ['--operation-id', '6f1c1e0a-7d5e-4e0b-9a53-1d2f3c4b5a69', '--json'];
    const first = await roles(['grant', name, 'viewer', ...operation]);
    const second = await roles(['grant', name, 'viewer', ...operation]);
    expect(JSON.parse(second.stdout)).toEqual(JSON.parse(first.stdout));
  });

  it('leaves a search_path alone that somebody set', async () => {
    const name = await newRole();
    await admin.sql.unsafe(`alter role ${name} set search_path = 'app; drop schema keyctl', public`);
    const ran = await roles(['grant', name, 'viewer', '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: 'granted', search_path: 'own' });
    const rows =
      await admin.sql`select setconfig from pg_db_role_setting s join pg_roles r on r.oid = s.setrole where r.rolname = ${name}`;
    expect(rows.map((row) => row.setconfig)).toEqual([['search_path="app; drop schema keyctl", public']]);
  });

  it('--dry-run changes nothing', async () => {
    const name = await newRole();
    const before = await auditRows();
    expect(await roles(['grant', name, 'viewer', '--dry-run'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(name),
    });
    const held =
      await admin.sql`select from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = ${name}`;
    expect([held.length, await auditRows()]).toEqual([0, before]);
  });

  it('takes names that need quoting, and shows them safely', async () => {
    const name = `test "${randomBytes(3).toString('hex')}" \u202eevil`;
    await admin.sql.unsafe(`create role "${name.replaceAll('"', '""')}" login`);
    const ran = await roles(['grant', name, 'viewer']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('\\u{202e}evil');
    const list = await roles([]);
    expect(list.stdout).not.toContain('\u202e');
    await admin.sql.unsafe(
      `drop owned by "${name.replaceAll('"', '""')}"; drop role "${name.replaceAll('"', '""')}"`,
    );
  });

  it.each([
    ['an unknown login', ['nobody_of_that_name', 'viewer'], 3, 'no such login'],
    ['an unknown role', ['postgres', 'root'], 2, 'keyctl_operator'],
    ['a group of keyctl’s own', ['keyctl_viewer', 'keyctl_admin'], 2, 'takes no other'],
  ])('refuses %s', async (_case, args, code, words) => {
    const before = await auditRows();
    expect(await roles(['grant', ...args])).toMatchObject({
      code,
      stdout: '',
      stderr: expect.stringContaining(words),
    });
    expect(await auditRows()).toBe(before);
  });

  it('is for admins: others are refused (77), by the database too', async () => {
    const name = await newRole();
    for (const role of ['test_viewer', 'test_operator', 'test_auditor', 'test_gateway'] as const) {
      expect(await roles(['grant', name, 'admin'], { role })).toMatchObject({ code: 77, stdout: '' });
      const other = await database.connect(role);
      await expect(
        other.sql`select keyctl.grant_role(gen_random_uuid(), '{}', ${name}, 'keyctl_admin')`,
      ).rejects.toMatchObject({ code: '42501' });
    }
    const held =
      await admin.sql`select from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = ${name}`;
    expect(held).toHaveLength(0);
  });

  it('says who can grant when the owner of the kernel may not (77)', async () => {
    const own = await freshDatabase(server, 'empty');
    const owner = await newRole();
    const name = await newRole();
    await admin.sql.unsafe(`grant create on database ${own.name} to ${owner}`);
    const first = await own.connect(owner as 'postgres', { timeoutMs: 60_000 });
    await migrate(first.sql, join(import.meta.dirname, '../../../drizzle'));
    const ran = await roles(['grant', name, 'viewer', '--json'], { database: own });
    expect(ran).toMatchObject({ code: 77, stdout: '' });
    expect(JSON.parse(ran.stderr).error.message).toContain(
      `${owner}, who owns the kernel here, may not grant keyctl_viewer`,
    );
    await own.drop();
  });
});
