import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type Connection, type ConnectOptions, connect } from '../../src/db/connect.js';
import { embeddedConnection } from '../../src/db/embedded/open.js';
import type { ConnectionSettings } from '../../src/db/settings.js';
import { type TestServer, templateName } from './global-setup.js';

export type { TestServer } from './global-setup.js';

/** The servers of this run, newest first: `describe.each(servers)('on PostgreSQL $name', (server) => …)`. */
export const servers: readonly TestServer[] = inject('servers');

/** npm's PostgreSQL, where one server is enough. */
export const newest: TestServer = servers[0] as TestServer;

export type TestRole =
  | 'postgres'
  | 'test_viewer'
  | 'test_operator'
  | 'test_admin'
  | 'test_auditor'
  | 'test_gateway';

/** A database of its own, migrated and empty. */
export interface TestDatabase {
  readonly name: string;
  readonly server: TestServer;
  /** By unix socket, as the superuser or as a login in one of the groups. */
  settings(role?: TestRole): ConnectionSettings;
  /** Opens a connection; `drop` ends those that are left open. */
  connect(role?: TestRole, options?: Partial<ConnectOptions>): Promise<Connection>;
  drop(): Promise<void>;
}

/** A copy of the migrated template, for one test file. `empty`: without the schema. */
export async function freshDatabase(
  server: TestServer = newest,
  content: 'migrated' | 'empty' = 'migrated',
): Promise<TestDatabase> {
  if (content === 'migrated' && server.problem !== null) {
    throw new Error(`the template of PostgreSQL ${server.name} could not be migrated: ${server.problem}`);
  }
  const name = `test_${randomBytes(6).toString('hex')}`;
  const template = content === 'migrated' ? templateName : 'template1';
  await asSuperuser(server, `create database ${name} template ${template}`);
  if (content === 'migrated') await giveIdentity(server, name);
  const settings = (role: TestRole = 'postgres') => settingsFor(server, name, role);
  const open: Connection[] = [];
  return {
    name,
    server,
    settings,
    async connect(role, options) {
      const connection = await connect(settings(role), { timeoutMs: 20_000, ...options });
      open.push(connection);
      return connection;
    },
    async drop() {
      for (const connection of open) connection.destroy();
      await asSuperuser(server, `drop database if exists ${name} with (force)`);
    },
  };
}

/** A copy has the template's id, and a machine that remembers heads by it would take one test's log for another's. */
async function giveIdentity(server: TestServer, name: string): Promise<void> {
  const admin = await connect(settingsFor(server, name, 'postgres'), { timeoutMs: 60_000 });
  try {
    await admin.sql.unsafe(`update keyctl.installation set database_id = gen_random_uuid();
      update keyctl.audit_head set hash = sha256(convert_to('keyctl audit v1' || chr(10) || i.database_id::text, 'UTF8'))
      from keyctl.installation i`);
  } finally {
    await admin.close();
  }
}

/** Settings of a connection to `server` by its unix socket. */
export function settingsFor(server: TestServer, database: string, user: string): ConnectionSettings {
  return { ...embeddedConnection(server.socketDirectory, database, user), port: server.port };
}

async function asSuperuser(server: TestServer, statement: string): Promise<void> {
  const admin = await connect(settingsFor(server, 'postgres', 'postgres'), { timeoutMs: 60_000 });
  try {
    await admin.sql.unsafe(statement);
  } finally {
    await admin.close();
  }
}
