import { chown, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import type { Binaries } from './binaries.js';
import { runToEnd } from './commands.js';
import { exists, type Layout, superuser } from './layout.js';
import { commandAs, type ServerUser } from './server-user.js';

export interface CreateOptions {
  /** False in tests only: leaves the new files to the operating system's own flushing. */
  readonly durable?: boolean;
}

/**
 * Makes the cluster unless it is there. `initdb` writes into a directory of its own that is renamed into place when it is
 * complete (F33): killed at any moment, there is a whole cluster or none. Left-over attempts are swept.
 *
 * `trust`: the one door is a unix socket in a directory that only this user can enter, and whoever can enter it could read
 * and replace the data files as well; a password beside the data would protect nothing. `peer` would see the mapped user of
 * a namespace (F8) instead of the person.
 */
export async function createCluster(
  layout: Layout,
  binaries: Binaries,
  user: ServerUser,
  options: CreateOptions = {},
): Promise<void> {
  if (await exists(layout.data)) return;
  await sweep(layout);
  const draft = await mkdtemp(join(layout.home, 'data.'));
  await giveTo(user, draft);
  const args = ['-D', draft, '-U', superuser, '--auth-local=trust', '--auth-host=reject', '--encoding=UTF8'];
  // The same order of texts on every machine and every version; no collation that an update of libc or ICU changes.
  args.push('--locale=C', '--data-checksums', ...(options.durable === false ? ['--no-sync'] : []));
  const { file, args: all, identity } = commandAs(user, join(binaries.directory, 'initdb'), args);
  const { status, stderr } = await runToEnd(file, all, { timeoutMs: 120_000, ...identity });
  if (status !== 0) {
    await rm(draft, { recursive: true, force: true });
    throw creationFailed(layout, stderr);
  }
  await rename(draft, layout.data).catch(async (error: NodeJS.ErrnoException) => {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(layout.data))) throw error;
  });
}

/** The socket's directory must be there, and the server's, before each start: the temporary directory may be cleaned. */
export async function prepareRunDirectory(layout: Layout, user: ServerUser): Promise<void> {
  await mkdir(layout.run, { mode: 0o700, recursive: true });
  await giveTo(user, layout.run);
}

/** Hands a directory to the user who runs the server, where that is truly another one. */
export async function giveTo(user: ServerUser, path: string): Promise<void> {
  if (user.kind === 'switched') await chown(path, user.uid, user.gid);
}

/** The PostgreSQL version that made the cluster, or null without one. */
export async function clusterMajor(layout: Layout): Promise<number | null> {
  const text = await readFile(join(layout.data, 'PG_VERSION'), 'utf8').catch(() => null);
  return text === null ? null : Number.parseInt(text, 10);
}

async function sweep(layout: Layout): Promise<void> {
  const left = (await readdir(layout.home)).filter((name) => name.startsWith(`${basename(layout.data)}.`));
  await Promise.all(left.map((name) => rm(join(layout.home, name), { recursive: true, force: true })));
}

/** initdb's own last line names the cause (no space, no permission); it speaks of paths, never of values. */
function creationFailed(layout: Layout, stderr: string): KeyctlError {
  const line = stderr.split('\n').findLast((text) => /error|fatal|could not/i.test(text)) ?? 'initdb failed';
  return new KeyctlError({
    code: 'embedded_not_created',
    message: `the embedded database could not be created in ${layout.home}: ${line.replace(/^initdb: /, '').trim()}`,
    hint: 'free some space or fix the permissions, or set DATABASE_URL',
    exitCode: exitCodes.embedded,
  });
}
