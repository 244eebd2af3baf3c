import type { Sql } from 'postgres';
import { type Connection, connect } from './connect.js';

import { ensureEmbedded } from './embedded/ensure.js';
import { superuser } from './embedded/layout.js';
import { embeddedConnection } from './embedded/open.js';
import { ensureLoginRole, grantEmbeddedMemberships } from './embedded/roles.js';
import { asKeyctlError, failureCode } from './failures.js';
import { migrate } from './migrate.js';
import type { EmbeddedDatabase } from './settings.js';

const demo: EmbeddedDatabase = 'keyctl_demo';
/** Where it is made; it gets its name when it is complete, so that nobody ever sees half of it. */
const draft = 'keyctl_demo_draft';

/** Not the lock of migrations, which run inside: 'kcdemo' in ASCII. Held in database `postgres`. */
const demoLock = 0x6b6364656d6fn;

export interface DemoServer {
  /** As the superuser, in database `postgres`; holds the lock that lets one demo be made at a time. */
  readonly admin: Connection;
  readonly socketDirectory: string;
  readonly timeoutMs: number;
}

export interface DemoOptions {
  readonly dataHome: string;
  readonly searchPath: string;
  /** Of each wait; making the demo takes seconds, and waiting for another one too. */
  readonly timeoutMs: number;
}

/** Runs `work` on the embedded server, started or created on the way, while no other `keyctl demo` does. */
export async function withDemoServer<T>(
  options: DemoOptions,
  work: (server: DemoServer) => Promise<T>,
): Promise<T> {
  const { dataHome, searchPath, timeoutMs } = options;
  const { socketDirectory } = await ensureEmbedded({ dataHome, create: true, searchPath });
  const admin = await as(superuser, socketDirectory, 'postgres', timeoutMs);
  try {
    await admin.sql`select pg_advisory_lock(${demoLock.toString()}::bigint)`;
    return await work({ admin, socketDirectory, timeoutMs });
  } catch (error) {
    // What has no code is a mistake of ours, and keeps its stack.
    throw failureCode(error) === '' ? error : asKeyctlError(error, { sent: 'read', target: admin.target });
  } finally {
    await admin.close();
  }
}

/** What a demo database was loaded with; `unknown` when it holds keys that no `keyctl demo` put there. */
export type DemoState =
  | { readonly kind: 'absent' | 'empty' }
  | { readonly kind: 'unknown'; readonly keys: number }
  | {
      readonly kind: 'loaded';
      readonly loadedAt: string;
      readonly details: Readonly<Record<string, unknown>>;
    };

/** Looks into the demo database, whatever keyctl made it; changes nothing. */
export async function demoState(server: DemoServer): Promise<DemoState> {
  const [found] = await server.admin.sql`select from pg_database where datname = ${demo}`;
  if (found === undefined) return { kind: 'absent' };
  const connection = await as(superuser, server.socketDirectory, demo, server.timeoutMs);
  try {
    const [schema] = await connection.sql`select to_regclass('keyctl.audit_log') is not null as there`;
    if (schema?.there !== true) return { kind: 'empty' };
    const [loaded] = await connection.sql`
      select record::jsonb -> 'details' as details,
        to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
      from keyctl.audit_log where action = 'db.demo_loaded' order by seq limit 1`;
    if (loaded !== undefined)
      return {
        kind: 'loaded',
        loadedAt: String(loaded.at),
        details: loaded.details as Record<string, unknown>,
      };
    const [count] = await connection.sql`select count(*)::int as keys from keyctl.api_keys`;
    return Number(count?.keys) === 0 ? { kind: 'empty' } : { kind: 'unknown', keys: Number(count?.keys) };
  } finally {
    await connection.close();
  }
}

/**
 * Makes the demo database anew: `fill` works on a migrated draft, which takes the name, and the place of an older demo,
 * when all of it is there. Killed at any moment, there is the old one, the new one, or none.
 */
export async function replaceDemo(
  server: DemoServer,
  folder: string,
  fill: (connection: Connection) => Promise<void>,
): Promise<void> {
  const { sql } = server.admin;
  await ensureLoginRole(sql);
  await sql.unsafe(`drop database if exists ${draft} with (force)`);
  await sql.unsafe(`create database ${draft}`);
  const connection = await as(superuser, server.socketDirectory, draft, server.timeoutMs);
  try {
    await migrate(connection.sql, folder);
    await grantEmbeddedMemberships(connection.sql);
    await fill(connection);
    // For the planner, from a small sample (the usual one takes 0.7 s); vacuuming is left to the server.
    await connection.sql.unsafe('set default_statistics_target = 20');
    await connection.sql.unsafe(
      'analyze keyctl.usage_events, keyctl.stray_events, keyctl.api_keys, keyctl.audit_log',
    );
  } finally {
    await connection.close();
  }
  await sql.unsafe(`drop database if exists ${demo} with (force)`);
  await sql.unsafe(`alter database ${draft} rename to ${demo}`);
}

/** The last row of the load, by the real clock: from here on the log tells what is done with the demo. Answers its time. */
export async function recordDemoLoaded(
  sql: Sql,
  load: { readonly operationId: string; readonly context: unknown; readonly details: unknown },
): Promise<string> {
  const { operationId, context, details } = load;
  const [row] =
    await sql`select keyctl.append_audit(${operationId}::uuid, ${JSON.stringify(context)}::text::jsonb,
    'db.demo_loaded', null, null, null, ${JSON.stringify(details)}::text::jsonb, '{"outcome": "loaded"}')::text as seq`;
  const [loaded] = await sql`
    select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
    from keyctl.audit_log where seq = ${String(row?.seq)}::bigint`;
  return String(loaded?.at);
}

function as(role: string, directory: string, database: string, timeoutMs: number): Promise<Connection> {
  const options = { timeoutMs, lockTimeoutMs: timeoutMs, embedded: true };
  return connect(embeddedConnection(directory, database, role), options);
}
