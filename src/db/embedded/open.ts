import { userInfo } from 'node:os';
import { KeyctlError } from '../../domain/errors.js';
import { type Connection, connect } from '../connect.js';
import { asKeyctlError } from '../failures.js';
import type { ConnectionSettings, EmbeddedSettings } from '../settings.js';
import { assertPrivate, embeddedPort, exists, locate, noDatabase, superuser } from './layout.js';
import { embeddedRole, ensureDatabase } from './roles.js';

export interface OpenOptions {
  readonly timeoutMs: number;
  readonly lockTimeoutMs?: number;
  readonly hello?: string;
  readonly meanwhile?: (() => Promise<unknown>) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether the command may create the embedded database (`demo`, `db start`, `keys create`, `keys import`, `audit ingest`). */
  readonly create: boolean;
  /** Default: the ordinary login role. Migrations are the superuser's. */
  readonly as?: 'keyctl' | 'postgres';
  readonly searchPath?: string;
}

/**
 * A connection to the embedded database, which is started, and created where allowed, on the way. The usual case, a server
 * that runs, costs nothing but the connection: connecting is the question whether it runs.
 * @throws KeyctlError 78 when there is none and it may not be created; 73 when it cannot be created or started.
 */
export async function openEmbedded(settings: EmbeddedSettings, options: OpenOptions): Promise<Connection> {
  const running = await tryRunning(settings, options);
  if (running !== null) return running;
  const { dataHome } = settings;
  const { searchPath = '', create } = options;
  // Only here, because everything behind it is for the rare case.
  const { ensureEmbedded } = await import('./ensure.js');
  const server = await ensureEmbedded({ dataHome, create, searchPath });
  if (create) await prepareDatabase(server.socketDirectory, settings, options);
  return opened(server.socketDirectory, settings, options);
}

/** What a first attempt can meet when the server is down, or when it runs without this database or role. */
const mendable = ['unreachable', 'no_database', 'login_refused'];

async function tryRunning(settings: EmbeddedSettings, options: OpenOptions): Promise<Connection | null> {
  const layout = await locate(settings.dataHome);
  if (!(await exists(layout.run))) return null;
  await assertPrivate(layout.run);
  try {
    return await connect(embeddedConnection(layout.run, settings.database, roleOf(options)), {
      ...options,
      embedded: true,
    });
  } catch (error) {
    if (error instanceof KeyctlError && mendable.includes(error.code)) return null;
    throw error;
  }
}

async function opened(
  directory: string,
  settings: EmbeddedSettings,
  options: OpenOptions,
): Promise<Connection> {
  try {
    return await connect(embeddedConnection(directory, settings.database, roleOf(options)), {
      ...options,
      embedded: true,
    });
  } catch (error) {
    // The server is there, but nobody has made this database in it: the same as no database at all.
    const unmade = error instanceof KeyctlError && ['no_database', 'login_refused'].includes(error.code);
    throw unmade && !options.create ? noDatabase() : error;
  }
}

async function prepareDatabase(
  directory: string,
  settings: EmbeddedSettings,
  options: OpenOptions,
): Promise<void> {
  const connection = await connect(embeddedConnection(directory, 'postgres', superuser), {
    ...options,
    embedded: true,
  });
  try {
    await ensureDatabase(connection.sql, settings.database);
  } catch (error) {
    throw asKeyctlError(error, { sent: 'read', target: connection.target });
  } finally {
    await connection.close();
  }
}

function roleOf(options: OpenOptions): string {
  return options.as === 'postgres' ? superuser : embeddedRole;
}

/** The settings of a connection through the socket in `directory`. No password: the directory is the key (`createCluster`). */
export function embeddedConnection(directory: string, database: string, user: string): ConnectionSettings {
  return {
    kind: 'server',
    source: `the embedded database of ${userInfo().username}`,
    host: directory,
    address: null,
    port: embeddedPort,
    database,
    user,
    password: null,
    tls: null,
    applicationName: 'keyctl',
    serverOptions: null,
    connectTimeoutMs: null,
  };
}
