import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { type MigrationReport, migrate } from '../../src/db/migrate.js';
import { readRoutines, schemaFingerprint } from '../../src/db/schema-files.js';
import { freshDatabase, servers, type TestDatabase, type TestServer } from '../support/postgres.js';
import { seedKey } from '../support/seed-keys.js';

const project = path.resolve(import.meta.dirname, '../../drizzle');
const patient = { timeoutMs: 100_000, lockTimeoutMs: 90_000 };
const nothing: MigrationReport = { migrations: [], kernelFiles: [], removedFunctions: [] };

let kernelFiles: string[];
let tables: string[];
const databases: TestDatabase[] = [];
const folders: string[] = [];

beforeAll(async () => {
  kernelFiles = (await readRoutines(project)).map((file) => file.name);
  tables = (await readdir(project)).filter((name) => /^\d{4}_/.test(name)).map((name) => name.slice(0, -4));
});

afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function database(server: TestServer, content: 'migrated' | 'empty'): Promise<TestDatabase> {
  const made = await freshDatabase(server, content);
  databases.push(made);
  return made;
}

/** The project's drizzle/ folder, to be changed like the one of another release. */
async function otherRelease(): Promise<{ folder: string; kernel: (name: string) => string }> {
  const folder = await mkdtemp(path.join(inject('scratch'), 'drizzle-'));
  folders.push(folder);
  await cp(project, folder, { recursive: true });
  return { folder, kernel: (name) => path.join(folder, 'kernel', `${name}.sql`) };
}

/** The tables as of an earlier migration, and of the kernel only the view on the rollups' queue. */
async function releaseUpTo(last: string): Promise<{ folder: string }> {
  const { folder } = await otherRelease();
  const journal = path.join(folder, 'meta/_journal.json');
  const known = JSON.parse(await readFile(journal, 'utf8'));
  const kept = known.entries.filter(({ tag }: { tag: string }) => tag <= last);
  await writeFile(journal, JSON.stringify({ ...known, entries: kept }));
  for (const name of await readdir(path.join(folder, 'kernel'))) await rm(path.join(folder, 'kernel', name));
  for (const name of await readdir(path.join(folder, 'views'))) {
    if (name !== 'rollup_status.sql') await rm(path.join(folder, 'views', name));
  }
  await writeFile(path.join(folder, 'grants.sql'), '');
  return { folder };
}

async function functionsNamed({ sql }: Connection, name: string): Promise<number> {
  const [row] = await sql`select count(*)::int as found from pg_proc
    where proname = ${name} and pronamespace = 'keyctl'::regnamespace`;
  return Number(row?.found);
}

async function holdsMigrationLock({ sql }: Connection): Promise<boolean> {
  const rows =
    await sql`select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;
  return rows.length > 0;
}

describe.each(servers)('migrations on PostgreSQL $name', (server) => {
  it('let six first runs at once all succeed, and apply everything exactly once (F9)', async () => {
    const empty = await database(server, 'empty');
    const runs = await Promise.all(Array.from({ length: 6 }, () => empty.connect('postgres', patient)));
    const reports = await Promise.all(runs.map((run) => migrate(run.sql, project)));
    expect(reports.filter((report) => report.migrations.length > 0)).toEqual([
      { migrations: tables, kernelFiles, removedFunctions: [] },
    ]);
    const [installation] = await (runs[0] as Connection)
      .sql`select schema_fingerprint from keyctl.installation`;
    expect(installation?.schema_fingerprint).toBe(await schemaFingerprint(project));
  });

  it('let sister databases of one server, which share its roles, be migrated at once', async () => {
    const sisters = await Promise.all([1, 2, 3].map(() => database(server, 'empty')));
    const runs = await Promise.all(sisters.map((sister) => sister.connect('postgres', patient)));
    const reports = await Promise.all(runs.map((run) => migrate(run.sql, project)));
    expect(reports.map((report) => report.kernelFiles)).toEqual([kernelFiles, kernelFiles, kernelFiles]);
  });

  it('apply nothing the second time', async () => {
    const run = await (await database(server, 'migrated')).connect('postgres', patient);
    expect(await migrate(run.sql, project)).toEqual(nothing);
    expect(await holdsMigrationLock(run)).toBe(false);
  });

  it('apply a changed kernel file alone, and keep its grants', async () => {
    const run = await (await database(server, 'migrated')).connect('postgres', patient);
    const { folder, kernel } = await otherRelease();
    await appendFile(
      kernel('check_reason'),
      "comment on function keyctl.check_reason is 'another release';\n",
    );
    await appendFile(kernel('revoke_key'), '-- another release\n');
    expect(await migrate(run.sql, folder)).toEqual({
      ...nothing,
      kernelFiles: ['check_reason', 'revoke_key'],
    });
    expect(await migrate(run.sql, folder)).toEqual(nothing);
    const [may] = await run.sql`select obj_description('keyctl.check_reason'::regproc) as comment,
      has_function_privilege('keyctl_operator', 'keyctl.revoke_key'::regproc, 'execute') as operator,
      has_function_privilege('keyctl_gateway', 'keyctl.revoke_key'::regproc, 'execute') as gateway`;
    expect(may).toEqual({ comment: 'another release', operator: true, gateway: false });
  });

  it('drop the function of a file that is gone', async () => {
    const run = await (await database(server, 'migrated')).connect('postgres', patient);
    const { folder, kernel } = await otherRelease();
    await rm(kernel('unblock_ip'));
    expect(await functionsNamed(run, 'unblock_ip')).toBe(1);
    expect(await migrate(run.sql, folder)).toEqual({ ...nothing, removedFunctions: ['unblock_ip'] });
    expect(await functionsNamed(run, 'unblock_ip')).toBe(0);
    expect(await migrate(run.sql, project)).toEqual({ ...nothing, kernelFiles: ['unblock_ip'] });
  });

  it('refuse a second overload, name it, and leave the first one as it was (F35)', async () => {
    const run = await (await database(server, 'migrated')).connect('postgres', patient);
    const { folder, kernel } = await otherRelease();
    const text = await readFile(kernel('check_reason'), 'utf8');
    const grown = text
      .replace('p_reason text', 'p_reason text, p_more text default null')
      // Otherwise the revocation of its own grants would find two already.
      .replace('function keyctl.check_reason from', 'function keyctl.check_reason(text, text) from');
    await writeFile(kernel('check_reason'), grown);
    await expect(migrate(run.sql, folder)).rejects.toMatchObject({
      code: 'KC500',
      message: expect.stringContaining('check_reason (2)'),
    });
    expect(await functionsNamed(run, 'check_reason')).toBe(1);
    expect(await migrate(run.sql, project)).toEqual(nothing);
  });

  it('apply all kernel files or none, and give the lock back when one is wrong', async () => {
    const empty = await database(server, 'empty');
    const run = await empty.connect('postgres', patient);
    const { folder, kernel } = await otherRelease();
    await appendFile(kernel('with_settings'), 'selekt 1;\n');
    await expect(migrate(run.sql, folder)).rejects.toMatchObject({ code: '42601' });
    expect(await functionsNamed(run, 'append_audit')).toBe(0);
    expect(await holdsMigrationLock(run)).toBe(false);
    expect(await migrate(run.sql, project)).toEqual({ ...nothing, kernelFiles });
  });

  it('keep what a rollup still has to do, with the view that stands on its queue', async () => {
    const run = await (await database(server, 'empty')).connect('postgres', patient);
    const { folder } = await releaseUpTo('0006_rollups');
    await migrate(run.sql, folder);
    await run.sql`insert into keyctl.usage_touched (key_id, hour) values
      ('key_one', '2026-11-01 10:00Z'), ('key_two', '2026-11-01 10:00Z'), ('key_one', '2026-11-01 11:00Z')`;
    await migrate(run.sql, project);
    expect(
      await run.sql`select extract(hour from hour at time zone 'UTC')::int as hour, keys, filed::int from keyctl.usage_touched order by 1`,
    ).toEqual([
      { hour: 10, keys: expect.arrayContaining(['key_one', 'key_two']), filed: 2 },
      { hour: 11, keys: ['key_one'], filed: 1 },
    ]);
    const [status] = await run.sql`select queued_hours::int from keyctl.rollup_status`;
    expect(status).toEqual({ queued_hours: 2 });
  });

  it('refuse a database that a newer keyctl migrated, and change nothing in it', async () => {
    const run = await (await database(server, 'migrated')).connect('postgres', patient);
    const { folder, kernel } = await otherRelease();
    const journal = path.join(folder, 'meta/_journal.json');
    const known = JSON.parse(await readFile(journal, 'utf8'));
    const last = known.entries.at(-1);
    const next = { ...last, idx: last.idx + 1, when: last.when + 1, tag: '9999_newer' };
    await writeFile(journal, JSON.stringify({ ...known, entries: [...known.entries, next] }));
    await writeFile(path.join(folder, '9999_newer.sql'), 'create table keyctl.newer (one integer);');
    await appendFile(kernel('revoke_key'), '-- newer\n');
    expect(await migrate(run.sql, folder)).toEqual({
      migrations: ['9999_newer'],
      kernelFiles: ['revoke_key'],
      removedFunctions: [],
    });

    await expect(migrate(run.sql, project)).rejects.toMatchObject({ code: 'schema_newer', exitCode: 78 });
    expect(await holdsMigrationLock(run)).toBe(false);
    expect(await migrate(run.sql, folder)).toEqual(nothing);
  });

  it('go on under traffic: no caller ever meets a function that is gone (F35)', async () => {
    const shared = await database(server, 'migrated');
    const run = await shared.connect('postgres', patient);
    const { folder, kernel } = await otherRelease();
    const key = await seedKey(run);
    let stop = false;
    let calls = 0;
    // Each statement calls the function many times: as a list, a report or a gateway's batch does.
    const traffic = Array.from({ length: 4 }, async () => {
      const { sql } = await shared.connect('test_operator', patient);
      while (!stop) {
        const [row] =
          await sql`select count(*) filter (where keyctl.decide(${key.id}) = 'ok')::int as ok from generate_series(1, 500)`;
        expect(row?.ok).toBe(500);
        calls += 1;
      }
    });
    for (let release = 1; release <= 60; release += 1) {
      const before = calls;
      for (const name of ['decide', 'status_at', 'revoke_key'])
        await appendFile(kernel(name), `-- ${release}\n`);
      const { kernelFiles: applied } = await migrate(run.sql, folder);
      expect(applied).toEqual(['decide', 'revoke_key', 'status_at']);
      await expect.poll(() => calls, { interval: 1 }).toBeGreaterThan(before);
    }
    stop = true;
    await Promise.all(traffic);
  });
});
