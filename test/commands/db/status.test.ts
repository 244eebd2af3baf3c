import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest';
import { stopEmbedded } from '../../../src/db/embedded/stop.js';
import { journalNames, readRoutines } from '../../../src/db/schema-files.js';
import { runCommand } from '../../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';

const folder = join(import.meta.dirname, '../../../drizzle');
const databases: TestDatabase[] = [];

async function database(...args: Parameters<typeof freshDatabase>): Promise<TestDatabase> {
  const made = await freshDatabase(...args);
  databases.push(made);
  return made;
}

afterEach(async () => {
  for (const made of databases.splice(0)) await made.drop();
});

const status = async (on: TestDatabase, role: Parameters<TestDatabase['settings']>[0] = 'postgres') => {
  const ran = await runCommand(['db', 'status', '--json'], { database: on, role });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ran.stdout);
};

describe.each(servers)('db status on PostgreSQL $name', (server) => {
  it('tells where it is, as whom, and what it holds', async () => {
    const on = await database(server);
    const { sql } = await on.connect();
    await sql`select keyctl.ensure_partitions('{2026-05-20,2026-06-03}')`;
    expect(await status(on, 'test_operator')).toMatchObject({
      source: 'DATABASE_URL',
      embedded: false,
      database: on.name,
      role: 'test_operator',
      superuser: false,
      roles: ['keyctl_operator', 'keyctl_viewer'],
      server_version: expect.stringMatching(new RegExp(`^${server.name}`)),
      tls: false,
      schema_state: 'current',
      pending_migrations: [],
      pending_kernel_files: [],
      may_migrate: false,
      keys: 0,
      audit_rows: 0,
      partitions: 2,
      first_week: '2026-05-18',
      last_week: '2026-06-01',
    });
  });

  it('works without a schema: all that is pending is listed', async () => {
    const on = await database(server, 'empty');
    expect(await status(on)).toMatchObject({
      schema_state: 'missing',
      schema_fingerprint: null,
      pending_migrations: await journalNames(folder),
      pending_kernel_files: (await readRoutines(folder)).map(({ name }) => name),
      keys: null,
      audit_rows: null,
    });
  });

  it('tells an older schema, another kernel, and a newer one apart', async () => {
    const on = await database(server);
    const { sql } = await on.connect();
    await sql`update keyctl_migrations.kernel set sha256 = 'another text' where name = 'revoke_key'`;
    expect(await status(on, 'test_viewer')).toMatchObject({
      schema_state: 'differs',
      pending_kernel_files: ['revoke_key'],
    });
    await sql`delete from keyctl_migrations.tables where id = (select max(id) from keyctl_migrations.tables)`;
    expect(await status(on)).toMatchObject({
      schema_state: 'older',
      pending_migrations: (await journalNames(folder)).slice(-1),
    });
    await sql`insert into keyctl_migrations.tables (hash, created_at) select 'x', n from generate_series(1, 5) n`;
    expect(await status(on)).toMatchObject({ schema_state: 'newer' });
  });

  it('tells a role that is in none of ours what it may know', async () => {
    const on = await database(server);
    const { sql } = await on.connect();
    await sql.unsafe(
      `do $$ begin create role test_plain login; exception when duplicate_object then null; end $$`,
    );
    expect(await status(on, 'test_plain' as 'postgres')).toMatchObject({
      roles: [],
      schema_state: 'unknown',
      pending_migrations: null,
      keys: null,
      database_bytes: expect.any(Number),
    });
  });
});

describe('db status of the embedded server', () => {
  let home: string;
  afterAll(() => stopEmbedded(join(home, '.local/share/keyctl')));

  it('is 78 while there is none; stopped it is not started by the question', async () => {
    home = await mkdtemp(join(inject('scratch'), 'status-'));
    expect(await runCommand(['db', 'status', '--json'], { home })).toMatchObject({
      code: 78,
      stdout: '',
      stderr: expect.stringContaining('no_database_configured'),
    });

    const started = await runCommand(['db', 'start', '--json'], { home });
    expect(started.code).toBe(0);
    expect(JSON.parse(started.stdout)).toMatchObject({
      state: 'running',
      state_before: 'absent',
      database: 'keyctl',
    });
    const running = await runCommand(['db', 'status'], { home });
    expect(running.stdout).toContain('embedded/keyctl as keyctl');
    expect(running.stdout).toContain('as this program expects it');

    expect(JSON.parse((await runCommand(['db', 'stop', '--json'], { home })).stdout)).toMatchObject({
      state: 'stopped',
      state_before: 'running',
    });
    expect(JSON.parse((await runCommand(['db', 'status', '--json'], { home })).stdout)).toMatchObject({
      embedded: true,
      server_state: 'stopped',
      role: null,
      schema_state: null,
    });
  });

  it('db stop and db start say when there is nothing to do, and --dry-run does nothing', async () => {
    const answer = async (...args: string[]) =>
      JSON.parse((await runCommand(['db', ...args, '--json'], { home })).stdout);
    expect(await answer('stop')).toMatchObject({ state: 'stopped', state_before: 'stopped' });
    expect(await answer('start', '--dry-run')).toMatchObject({ state: 'stopped', dry_run: true });
    expect(await answer('start')).toMatchObject({ state: 'running', state_before: 'stopped' });
    expect(await answer('stop', '--dry-run')).toMatchObject({ state: 'running', dry_run: true });
    expect(await answer('start')).toMatchObject({ state: 'running', state_before: 'running' });
    const elsewhere = { home: join(home, 'elsewhere') };
    expect(await runCommand(['db', 'stop'], elsewhere)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to do'),
    });
  });

  it('db start says when another database is the configured one', async () => {
    const on = await database();
    const ran = await runCommand(['db', 'start'], { home, database: on });
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('another database is configured') });
  });
});
