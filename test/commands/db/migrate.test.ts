import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { journalNames } from '../../../src/db/schema-files.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';

const folder = join(import.meta.dirname, '../../../drizzle');
const databases: TestDatabase[] = [];
let tables: string[];

async function database(content: 'migrated' | 'empty'): Promise<TestDatabase> {
  const made = await freshDatabase(undefined, content);
  databases.push(made);
  return made;
}

beforeAll(async () => {
  tables = await journalNames(folder);
});
afterEach(async () => {
  for (const made of databases.splice(0)) await made.drop();
});

const migrate = (on: TestDatabase, args: readonly string[], options: FakeOptions = {}) =>
  runCommand(['db', 'migrate', ...args], { database: on, role: 'postgres', ...options });

async function hasSchema(on: TestDatabase): Promise<boolean> {
  const { sql } = await on.connect();
  const [row] = await sql`select exists (select from pg_namespace where nspname = 'keyctl') as there`;
  return row?.there === true;
}

describe('db migrate', () => {
  it('asks, off a terminal refuses (5) before anything is opened', async () => {
    const on = await database('empty');
    expect(await migrate(on, [])).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringContaining('--yes'),
    });
    const nowhere = { env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' } };
    expect(await runCommand(['db', 'migrate'], nowhere)).toMatchObject({ code: 5 });
    expect(await hasSchema(on)).toBe(false);
  });

  it('shows the target and what will be applied, and wants the name of the database', async () => {
    const on = await database('empty');
    const declined = await migrate(on, [], { terminal: true, answers: [['to migrate it', 'yes']] });
    expect(declined).toMatchObject({ code: 5, stderr: expect.stringContaining('not confirmed') });
    expect(declined.stderr).toContain(`/${on.name} as postgres`);
    expect(declined.stderr).toContain(tables[0]);
    expect(await hasSchema(on)).toBe(false);
    const agreed = await migrate(on, [], { terminal: true, answers: [['to migrate it', on.name]] });
    expect(agreed).toMatchObject({ code: 0, stdout: expect.stringContaining('migrated') });
    expect(agreed.stderr).toContain('keyctl db roles grant USER keyctl_operator');
    expect(await hasSchema(on)).toBe(true);
  });

  it('--dry-run lists it and changes nothing', async () => {
    const on = await database('empty');
    const ran = await migrate(on, ['--dry-run', '--json']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ dry_run: true, migrations: tables, audit_seq: null });
    expect(await hasSchema(on)).toBe(false);
  });

  it('--yes applies everything, writes it down, and the second time has nothing to do', async () => {
    const on = await database('empty');
    const ran = await migrate(on, ['--yes', '--json']);
    expect(ran.code).toBe(0);
    const done = JSON.parse(ran.stdout);
    expect(done).toMatchObject({ dry_run: false, migrations: tables, removed_functions: [], audit_seq: 1 });
    expect(done.kernel_files).toContain('revoke_key');
    const { sql } = await on.connect();
    const [row] =
      await sql`select action, actor_db, actor_os, record::jsonb -> 'details' -> 'migrations' as migrations
      from keyctl.audit_log where seq = 1`;
    expect(row).toEqual({
      action: 'db.migrated',
      actor_db: 'postgres',
      actor_os: 'tester',
      migrations: tables,
    });
    const again = await migrate(on, ['--yes', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ migrations: [], kernel_files: [], audit_seq: null });
    expect(await runCommand(['keys', 'list'], { database: on, role: 'postgres' })).toMatchObject({ code: 0 });
  });

  it('brings an older kernel up, and says which files', async () => {
    const on = await database('migrated');
    const { sql } = await on.connect();
    await sql`update keyctl_migrations.kernel set sha256 = 'older' where name in ('decide', 'spent')`;
    const ran = await migrate(on, ['--yes', '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ migrations: [], kernel_files: ['decide', 'spent'] });
  });

  it('refuses a database that a newer keyctl migrated (78), and changes nothing', async () => {
    const on = await database('migrated');
    const { sql } = await on.connect();
    await sql`insert into keyctl_migrations.tables (hash, created_at) values ('x', 1)`;
    await sql`update keyctl_migrations.kernel set sha256 = 'newer' where name = 'decide'`;
    for (const flag of ['--yes', '--dry-run']) {
      expect(await migrate(on, [flag, '--json'])).toMatchObject({
        code: 78,
        stdout: '',
        stderr: expect.stringContaining('schema_newer'),
      });
    }
    const [row] = await sql`select sha256 from keyctl_migrations.kernel where name = 'decide'`;
    expect(row?.sha256).toBe('newer');
  });

  it('refuses who may not migrate (77), naming whose schema it is', async () => {
    const on = await database('migrated');
    const { sql } = await on.connect();
    await sql`update keyctl_migrations.kernel set sha256 = 'older' where name = 'decide'`;
    expect(await migrate(on, ['--yes'], { role: 'test_admin' })).toMatchObject({
      code: 77,
      stdout: '',
      stderr: expect.stringContaining('belongs to postgres'),
    });
    const empty = await database('empty');
    expect(await migrate(empty, ['--yes'], { role: 'test_admin' })).toMatchObject({ code: 77 });
    expect(await hasSchema(empty)).toBe(false);
  });

  it('waits for another migration and then finds nothing left to do', async () => {
    const on = await database('empty');
    const [one, other] = await Promise.all([
      migrate(on, ['--yes', '--json']),
      migrate(on, ['--yes', '--json']),
    ]);
    expect([one.code, other.code]).toEqual([0, 0]);
    const applied = [one, other].map(({ stdout }) => JSON.parse(stdout).migrations.length).sort();
    expect(applied).toEqual([0, tables.length]);
  });
});
