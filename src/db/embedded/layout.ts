import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { configError, exitCodes, KeyctlError } from '../../domain/errors.js';

/** Where the parts of one embedded server lie. */
export interface Layout {
  /** Holds everything; 0700, because whoever can reach the socket inside is let in without a password. */
  readonly home: string;
  /** The cluster; appears by `rename`, complete or not at all. */
  readonly data: string;
  /** The directory of the unix socket. */
  readonly run: string;
  /** Part of the socket's name. */
  readonly port: number;
  readonly log: string;
  /** Held while somebody creates or starts the server. */
  readonly lock: string;
}

/** The role that owns the cluster and runs migrations. */
export const superuser = 'postgres';

/** Only in the socket's name: the server listens on no network. */
export const embeddedPort = 5432;

/** Linux takes 107 bytes for the path of a socket, macOS 103 (F33). */
const longestSocketPath = 103;

/**
 * The layout under `dataHome`. A long path gets a short run directory in the temporary directory, named after the user and
 * the data home; `assertPrivate` has to accept it before anybody connects, since others can create names there too.
 */
export function layoutUnder(home: string, port = embeddedPort): Layout {
  const inside = join(home, 'run');
  const fits = Buffer.byteLength(join(inside, `.s.PGSQL.${port}`)) <= longestSocketPath;
  return {
    home,
    data: join(home, 'data'),
    run: fits ? inside : join(tmpdir(), `keyctl-${userInfo().uid}-${shortHash(home)}`),
    port,
    log: join(home, 'server.log'),
    lock: join(home, 'starting'),
  };
}

/**
 * The layout that counts now: under `dataHome`, or, for root on a machine where the server must run as another user who
 * cannot reach `dataHome`, under /var/lib (F8).
 */
export async function locate(dataHome: string): Promise<Layout> {
  const usual = layoutUnder(dataHome);
  if (userInfo().uid !== 0 || (await exists(usual.data))) return usual;
  const reachable = layoutUnder(reachableHome(dataHome));
  return (await exists(reachable.data)) ? reachable : usual;
}

/** Where the data of root's server lies when it runs as another user. */
export function reachableHome(dataHome: string): string {
  return join('/var/lib', `keyctl-${shortHash(dataHome)}`);
}

/** Creates a directory for us alone, or accepts one that is. */
export async function makePrivate(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await assertPrivate(path);
}

/** @throws KeyctlError 73 when others could put a socket of theirs into `path`, or read what is in it. */
export async function assertPrivate(path: string): Promise<void> {
  const found = await lstat(path);
  const { uid } = userInfo();
  // Root's server may run as another user, who then owns the directory (F8).
  const ours = found.isDirectory() && (found.uid === uid || uid === 0);
  if (ours && (found.mode & 0o077) === 0) return;
  throw new KeyctlError({
    code: 'embedded_not_private',
    message: `${path} must be a directory that only you can enter; the embedded database trusts whoever is inside`,
    hint: ours ? `chmod 700 ${path}` : `remove ${path}, or set XDG_DATA_HOME to a directory of your own`,
    exitCode: exitCodes.embedded,
  });
}

export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** The words of CLI.md for a command that finds no database to work on. */
export function noDatabase(): KeyctlError {
  return configError(
    'no_database_configured',
    'no database is configured, and there is no embedded one yet',
    'set DATABASE_URL, or run: keyctl db start',
  );
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
