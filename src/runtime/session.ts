import { join } from 'node:path';
import type { Context } from '../actions/context.js';
import type { Connection } from '../db/connect.js';
import type { Database } from '../db/database.js';
import type { ConnectionSettings, EmbeddedSettings } from '../db/settings.js';
import { exitCodes, interruptedError, KeyctlError } from '../domain/errors.js';
import { resolveConfig } from './config.js';
import { failpoints } from './failpoints.js';
import { machineFiles } from './machine-files.js';
import type { ContextOptions, Runtime } from './runtime.js';

declare const __KEYCTL_SCHEMA__: string | undefined;

/** The settings of the database that this command means (CLI.md, Configuration). */
export function databaseSettings(rt: Runtime): ConnectionSettings | EmbeddedSettings {
  const { env, homeDirectory, user } = rt.machine;
  const { envFile, demo, timeoutMs } = rt.flags;
  const flags = { demo, ...(envFile === null ? {} : { envFile }) };
  const settings = resolveConfig({ env, flags, files: machineFiles, homeDirectory, user });
  if (settings.kind === 'embedded' || settings.connectTimeoutMs === null) return settings;
  // PGCONNECT_TIMEOUT may shorten the wait, not lengthen it: --timeout is the limit of every wait.
  return { ...settings, connectTimeoutMs: Math.min(settings.connectTimeoutMs, timeoutMs) };
}

/** The folder of migrations and kernel, and what it amounts to; the build writes the second into the program. */
export function drizzleFolder(rt: Runtime): string {
  return join(rt.machine.packageRoot, 'drizzle');
}

export async function programSchema(rt: Runtime): Promise<string> {
  if (typeof __KEYCTL_SCHEMA__ === 'string') return __KEYCTL_SCHEMA__;
  const { schemaFingerprint } = await import('../db/schema-files.js');
  return await schemaFingerprint(drizzleFolder(rt));
}

export async function withContext<T>(
  rt: Runtime,
  options: ContextOptions,
  work: (ctx: Context) => Promise<T>,
): Promise<T> {
  const { openDatabase } = await import('../db/database.js');
  const interruption = new AbortController();
  const { signal } = interruption;
  const undo = rt.machine.onInterrupt(() => interruption.abort());
  try {
    const opening = openDatabase(() => openChecked(rt, { ...options, signal }), signal);
    return await unlessInterrupted(rt, signal, opening, (db) => workOn(rt, db, options, work));
  } finally {
    undo();
  }
}

/** The first interrupt ends every wait for the database; what was in doubt then is said in doubt, with exit 130. */
async function unlessInterrupted<T>(
  rt: Runtime,
  signal: AbortSignal,
  opening: Promise<Database>,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const calledOff = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(interruptedError('nothing was done')));
  });
  calledOff.catch(() => {});
  opening.then((db) => (signal.aborted ? db.close() : undefined)).catch(() => {});
  const db = await Promise.race([opening, calledOff]);
  try {
    const result = await work(db);
    if (signal.aborted && rt.exitCode !== exitCodes.interrupted) throw doneInPart();
    return result;
  } catch (error) {
    throw signal.aborted ? asInterrupted(error) : error;
  }
}

/** The work of an interrupted command that told each key's outcome itself. */
function doneInPart(): KeyctlError {
  return interruptedError('what was done until then is said above', { outcome: 'partial' });
}

/** What failed because the session was ended under it; what it said about its outcome stays. */
function asInterrupted(error: unknown): unknown {
  if (!(error instanceof KeyctlError))
    return interruptedError('nothing more was done', { outcome: 'unknown' });
  if (error.exitCode === exitCodes.interrupted) return error;
  const { message, hint, outcome, operationId } = error;
  return interruptedError(message, {
    outcome,
    ...(hint === null ? {} : { hint }),
    ...(operationId === null ? {} : { operationId }),
  });
}

async function workOn<T>(
  rt: Runtime,
  db: Database,
  options: ContextOptions,
  work: (ctx: Context) => Promise<T>,
): Promise<T> {
  const { watchSession } = await import('./watch-session.js');
  const watched = await watchSession(rt, db, options.signs ?? false);
  try {
    return await work({
      db: watched.db,
      actor: {
        actor_os: rt.machine.user.name,
        actor_claimed: rt.flags.actor,
        host: rt.machine.hostname,
        ticket: options.ticket ?? null,
        ...watched.behind,
      },
      operationId: options.operationId ?? rt.machine.randomUuid(),
      now: rt.machine.now,
      randomBytes: rt.machine.randomBytes,
      reached: failpoints(rt.machine),
    });
  } finally {
    await db.close();
    await watched.settle();
  }
}

/** One session of a database whose schema is this program's; the embedded one is brought up to it on the way. */
async function openChecked(
  rt: Runtime,
  options: ContextOptions & { readonly signal: AbortSignal },
): Promise<Connection> {
  const settings = databaseSettings(rt);
  const { schemaHello: hello } = await import('../db/database.js');
  const { signal } = options;
  const meanwhile = async () => {
    // The operation's id will be drawn from node:crypto; loading it takes 2 ms, which are free while the server answers.
    rt.machine.randomBytes(0);
    await options.meanwhile?.();
  };
  const timeoutMs = Math.max(rt.flags.timeoutMs, options.leastTimeoutMs ?? 0);
  const open = { timeoutMs, hello, meanwhile, signal };
  if (settings.kind === 'server') {
    const { connect } = await import('../db/connect.js');
    return await checked(rt, await connect(settings, open));
  }
  const { openEmbedded } = await import('../db/embedded/open.js');
  const openIt = () =>
    openEmbedded(settings, {
      ...open,
      create: options.create ?? false,
      searchPath: rt.machine.env.PATH ?? '',
    });
  try {
    return await checked(rt, await openIt());
  } catch (error) {
    if (!(error instanceof KeyctlError) || !needsMigration.includes(error.code)) throw error;
    await migrateEmbedded(rt, settings);
    return await checked(rt, await openIt());
  }
}

/** What the first look at an embedded database can meet when it is new, or made by an older keyctl. */
const needsMigration = ['schema_missing', 'schema_differs', 'permission_denied'];

async function checked(rt: Runtime, connection: Connection): Promise<Connection> {
  const { checkSchema } = await import('../db/database.js');
  try {
    checkSchema(connection, await programSchema(rt));
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Migrations of the embedded database run by themselves (DESIGN 8); a newer database than the program is refused. */
export async function migrateEmbedded(rt: Runtime, settings: EmbeddedSettings): Promise<void> {
  const { openEmbedded } = await import('../db/embedded/open.js');
  const { grantEmbeddedMemberships } = await import('../db/embedded/roles.js');
  const { migrate } = await import('../db/migrate.js');
  const connection = await openEmbedded(settings, {
    timeoutMs: 120_000,
    lockTimeoutMs: 100_000,
    create: true,
    as: 'postgres',
    searchPath: rt.machine.env.PATH ?? '',
  });
  try {
    await migrate(connection.sql, drizzleFolder(rt));
    await grantEmbeddedMemberships(connection.sql);
  } finally {
    await connection.close();
  }
}
