import type { Sql } from 'postgres';
import { journalNames, readRoutines } from './schema-files.js';

/** What a migration would do to a database now. */
export interface MigrationPlan {
  /** The database was migrated by a newer keyctl than this one. */
  readonly newer: boolean;
  /** Table migrations that are not applied, oldest first. */
  readonly migrations: readonly string[];
  /** Functions, views and grants whose text is another one. */
  readonly kernelFiles: readonly string[];
  readonly removedFunctions: readonly string[];
}

/** True when the plan has nothing to do. */
export function isCurrent(plan: MigrationPlan): boolean {
  const { newer, migrations, kernelFiles, removedFunctions } = plan;
  return !newer && migrations.length + kernelFiles.length + removedFunctions.length === 0;
}

/**
 * What `migrate` would find to do, without doing it; null when this role may not look. The same comparison: names of
 * table migrations by their count, kernel files by the hash of their text.
 * @param folder the project's `drizzle/` directory
 */
export async function migrationPlan(sql: Sql, folder: string): Promise<MigrationPlan | null> {
  const names = await journalNames(folder);
  const files = await readRoutines(folder);
  const there = await applied(sql);
  if (there === null) return null;
  const [counted] = there.includes('tables')
    ? await sql`select count(*)::int as applied from keyctl_migrations.tables`
    : [];
  const rows = there.includes('kernel')
    ? await sql`select name, kind, sha256 from keyctl_migrations.kernel`
    : [];
  const count = Number(counted?.applied ?? 0);
  const texts = new Map(rows.map((row) => [`${row.kind}/${row.name}`, String(row.sha256)]));
  const kept = new Set(files.map((file) => `${file.kind}/${file.name}`));
  return {
    newer: count > names.length,
    migrations: names.slice(count),
    kernelFiles: files
      .filter((file) => texts.get(`${file.kind}/${file.name}`) !== file.sha256)
      .map((file) => file.name),
    removedFunctions: rows
      .filter((row) => row.kind === 'function' && !kept.has(`function/${row.name}`))
      .map((row) => String(row.name)),
  };
}

/** Which tables of the journal there are; null when this role may not read them. Names alone: `to_regclass` would refuse. */
async function applied(sql: Sql): Promise<string[] | null> {
  const rows = await sql`
    select c.relname::text as name,
      has_schema_privilege(c.relnamespace, 'usage') and has_table_privilege(c.oid, 'select') as may_read
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'keyctl_migrations' and c.relname in ('tables', 'kernel')`;
  return rows.some((row) => row.may_read !== true) ? null : rows.map((row) => String(row.name));
}
