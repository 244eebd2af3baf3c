import type { Sql } from 'postgres';
import { failureCode } from '../failures.js';
import type { EmbeddedDatabase } from '../settings.js';

/** As whom ordinary commands work in the embedded database: a login like any other, so that grants are real there too. */
export const embeddedRole = 'keyctl';

const groups = ['keyctl_operator', 'keyctl_admin', 'keyctl_auditor'];

/**
 * Creates the database and the login role where they are missing; safe beside others doing the same.
 * @param sql a session of the superuser in database `postgres`
 */
export async function ensureDatabase(sql: Sql, name: EmbeddedDatabase): Promise<void> {
  await ensureLoginRole(sql);
  const [found] = await sql`select from pg_database where datname = ${name}`;
  // 42P04 and 23505: another process made it between our look and our attempt.
  if (found === undefined) await unlessPresent(sql, `create database ${name}`, ['42P04', '23505']);
}

/** Creates the login role where it is missing; roles belong to the whole cluster. */
export async function ensureLoginRole(sql: Sql): Promise<void> {
  await unlessPresent(sql, `create role ${embeddedRole} login`, ['42710', '23505']);
}

/**
 * Makes the login role a member of the groups that the migration created; a group that is not there yet is left out.
 * @param sql a session of the superuser
 */
export async function grantEmbeddedMemberships(sql: Sql): Promise<void> {
  const missing = await sql<{ group: string }[]>`
    select g.rolname as "group" from pg_roles g join pg_roles m on m.rolname = ${embeddedRole}
     where g.rolname = any(string_to_array(${groups.join(',')}, ','))
       and not exists (select from pg_auth_members a where a.roleid = g.oid and a.member = m.oid)`;
  for (const { group } of missing) {
    // Two grants of one role at once end in XX000 ("tuple concurrently updated"); the other one did it.
    await unlessPresent(sql, `grant ${group} to ${embeddedRole}`, ['XX000', '23505']);
  }
}

/** Runs a statement whose failure by one of `codes` means that somebody else was faster. Names are constants of ours. */
async function unlessPresent(sql: Sql, statement: string, codes: readonly string[]): Promise<void> {
  try {
    await sql.unsafe(statement);
  } catch (error) {
    if (!codes.includes(failureCode(error))) throw error;
  }
}
