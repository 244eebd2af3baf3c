import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as runTableMigrations } from 'drizzle-orm/postgres-js/migrator';
import type postgres from 'postgres';
import { configError } from '../domain/errors.js';
import type { AuditContext } from './kernel.js';
import { journalNames, type RoutineFile, readRoutines, schemaFingerprint } from './schema-files.js';

/** The advisory lock that lets one migration run at a time: 'keyctl' in ASCII. Used for nothing else (F15). */
const migrationLock = 0x6b6579n;

const journal = { migrationsSchema: 'keyctl_migrations', migrationsTable: 'tables' };

export interface MigrationReport {
  /** Names of the table migrations that were applied now, oldest first. */
  readonly migrations: readonly string[];
  /** Names of the kernel files (functions, views, grants) whose text was applied now. */
  readonly kernelFiles: readonly string[];
  readonly removedFunctions: readonly string[];
}

/** Exactly one function a file: a new defaulted parameter would leave two that fit one call (F35). */
const oneFunctionAFile = `
do $$
declare v_bad text;
begin
  select string_agg(format('%s (%s)', f.name, f.found), ', ') into v_bad
  from (
    select k.name, count(p.oid) as found
    from keyctl_migrations.kernel k
    left join pg_catalog.pg_proc p on p.proname = k.name and p.pronamespace = 'keyctl'::regnamespace
    where k.kind = 'function' group by k.name having count(p.oid) <> 1
  ) f;
  if v_bad is not null then
    raise exception using errcode = 'KC500', message = 'each kernel file defines exactly one function: ' || v_bad;
  end if;
end $$;`;

/**
 * Brings the database up to this program: table migrations by Drizzle, then every kernel file whose text changed, as
 * one implicit transaction. Safe beside other runs (F9): one advisory lock on one connection.
 * Needs a client of `max: 1` that never reconnects, else the lock would be left behind on the way.
 * @param folder the project's `drizzle/` directory
 */
export async function migrate(client: postgres.Sql, folder: string): Promise<MigrationReport> {
  await client`select pg_advisory_lock(${migrationLock.toString()}::bigint)`;
  try {
    await client.unsafe('set client_min_messages = warning');
    await refuseNewerSchema(client, folder);
    const before = await appliedCount(client);
    await runTableMigrations(drizzle(client), { migrationsFolder: folder, ...journal });
    const names = await journalNames(folder);
    const routines = await applyRoutines(client, await readRoutines(folder));
    await client`update keyctl.installation set schema_fingerprint = ${await schemaFingerprint(folder)}`;
    return { migrations: names.slice(before), ...routines };
  } finally {
    await client`select pg_advisory_unlock(${migrationLock.toString()}::bigint)`;
  }
}

async function applyRoutines(client: postgres.Sql, routines: readonly RoutineFile[]) {
  await client.unsafe(
    `create table if not exists keyctl_migrations.kernel (
       name text not null, kind text not null, sha256 text not null, applied_at timestamptz not null default clock_timestamp(),
       primary key (kind, name))`,
  );
  const rows = await client`select name, kind, sha256 from keyctl_migrations.kernel`;
  const applied = new Map(rows.map((row) => [`${row.kind}/${row.name}`, String(row.sha256)]));
  const changed = routines.filter((file) => applied.get(`${file.kind}/${file.name}`) !== file.sha256);
  const kept = new Set(routines.map((file) => `${file.kind}/${file.name}`));
  const removed = rows.filter((row) => row.kind === 'function' && !kept.has(`function/${row.name}`));
  if (changed.length === 0 && removed.length === 0) {
    return { kernelFiles: [], removedFunctions: [] };
  }

  // Grants read the catalogue, so they run again with whatever else changed. Names come from our own files.
  const grants = routines.filter((file) => file.kind === 'grants' && !changed.includes(file));
  const statements = [
    'set local check_function_bodies = off',
    ...removed.map(
      (row) =>
        `drop function keyctl.${row.name}; delete from keyctl_migrations.kernel where kind = 'function' and name = '${row.name}'`,
    ),
    ...[...changed, ...grants].map(
      (file) => `${file.text.replace(/;\s*$/, '')};
insert into keyctl_migrations.kernel (name, kind, sha256) values ('${file.name}', '${file.kind}', '${file.sha256}')
on conflict (kind, name) do update set sha256 = excluded.sha256, applied_at = excluded.applied_at`,
    ),
  ];
  await client.unsafe(`${statements.join(';\n')};\n${oneFunctionAFile}`);
  return {
    kernelFiles: changed.map((file) => file.name),
    removedFunctions: removed.map((row) => String(row.name)),
  };
}

async function appliedCount(client: postgres.Sql): Promise<number> {
  const [found] = await client`select to_regclass('keyctl_migrations.tables') is not null as exists`;
  if (!found?.exists) {
    return 0;
  }
  const [row] = await client`select count(*)::int as applied from keyctl_migrations.tables`;
  return Number(row?.applied ?? 0);
}

async function refuseNewerSchema(client: postgres.Sql, folder: string): Promise<void> {
  const known = (await journalNames(folder)).length;
  if ((await appliedCount(client)) > known) {
    throw configError(
      'schema_newer',
      'the database was migrated by a newer keyctl than this one; nothing was changed',
      'install the newer keyctl, then run: keyctl db status',
    );
  }
}

/** The audit row `db.migrated` with what was applied; needs the rights of who migrates. Answers its seq. */
export async function recordMigration(
  client: postgres.Sql,
  done: { readonly operationId: string; readonly context: AuditContext; readonly report: MigrationReport },
): Promise<number> {
  const { migrations, kernelFiles, removedFunctions } = done.report;
  const details = { migrations, kernel_files: kernelFiles, removed_functions: removedFunctions };
  const [row] = await client`
    select keyctl.append_audit(${done.operationId}::uuid, ${JSON.stringify(done.context)}::text::jsonb, 'db.migrated',
      null, null, null, ${JSON.stringify(details)}::text::jsonb, '{"outcome": "migrated"}')::text as seq`;
  return Number(row?.seq);
}
