import { type ChildProcess, spawn } from 'node:child_process';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes, KeyctlError } from '../../domain/errors.js';
import type { Deadline } from '../deadline.js';
import type { Binaries } from './binaries.js';
import { serverEnvironment } from './commands.js';
import { prepareRunDirectory } from './create.js';
import type { Layout } from './layout.js';
import { isReady, removeStalePidFile } from './pid-file.js';
import { commandAs, type ServerUser } from './server-user.js';

export interface StartOptions {
  readonly binaries: Binaries;
  readonly user: ServerUser;
  readonly deadline: Deadline;
  /** More `name=value` settings, for tests: `fsync=off`, `listen_addresses=127.0.0.1`. */
  readonly settings?: readonly string[];
}

const pollMs = 10;
const retryMs = 100;
const largestLogBytes = 10_000_000;

/**
 * Starts the server, detached, and waits until it answers. After a postmaster was killed its children hold the shared memory
 * for a moment, and the new one refuses until they are gone (F33): tried again until the deadline.
 * @throws KeyctlError 73 naming the log.
 */
export async function startServer(layout: Layout, options: StartOptions): Promise<void> {
  await prepareRunDirectory(layout, options.user);
  await keepLogShort(layout.log);
  for (;;) {
    await removeStalePidFile(layout);
    const { from, child } = await spawnServer(layout, options);
    if (await becameReady(layout, child, options.deadline)) return;
    const words = await logSince(layout.log, from);
    const passing = /still in use|lock file/.test(words);
    if (!passing || options.deadline.remainingMs() === 0) throw notStarted(layout, words);
    await pause(retryMs);
  }
}

/**
 * `postgres` itself, not `pg_ctl`: a process group of its own, cwd `/`, its own log and nothing of ours open, so that a
 * pipe behind the command that started it ends with that command.
 */
async function spawnServer(
  layout: Layout,
  options: StartOptions,
): Promise<{ from: number; child: ChildProcess }> {
  const settings = [
    'listen_addresses=',
    `port=${layout.port}`,
    'unix_socket_permissions=0700',
    // A refused row stands whole in DETAIL, salt and verifier included, a statement may hold a name: not into a log file (F41).
    'log_error_verbosity=terse',
    'log_min_error_statement=panic',
    ...(options.settings ?? []),
  ];
  const args = ['-D', layout.data, '-k', layout.run, ...settings.flatMap((setting) => ['-c', setting])];
  const command = commandAs(options.user, join(options.binaries.directory, 'postgres'), args);
  const log = await open(layout.log, 'a', 0o600);
  try {
    const from = (await log.stat()).size;
    const child = spawn(command.file, command.args, {
      detached: true,
      cwd: '/',
      env: serverEnvironment,
      stdio: ['ignore', log.fd, log.fd],
      ...command.identity,
    });
    child.once('error', () => {}); // seen by `becameReady` as a child without a pid
    child.unref();
    return { from, child };
  } finally {
    await log.close();
  }
}

async function becameReady(layout: Layout, child: ChildProcess, deadline: Deadline): Promise<boolean> {
  while (deadline.remainingMs() > 0) {
    if (await isReady(layout)) return true;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
    await pause(pollMs);
  }
  return false;
}

async function keepLogShort(log: string): Promise<void> {
  const size = await stat(log).then(
    (found) => found.size,
    () => 0,
  );
  if (size > largestLogBytes) await rename(log, `${log}.1`);
}

async function logSince(log: string, from: number): Promise<string> {
  const file = await open(log, 'r');
  try {
    const { buffer, bytesRead } = await file.read({ position: from, buffer: Buffer.alloc(8192) });
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}

/** The server's FATAL line speaks of files, memory and settings; it has seen no statement yet. */
function notStarted(layout: Layout, words: string): KeyctlError {
  const line = /FATAL: *(.*)/.exec(words)?.[1] ?? 'it did not get ready in time';
  return new KeyctlError({
    code: 'embedded_not_started',
    message: `the embedded database did not start: ${line}`,
    hint: `look at ${layout.log}, or set DATABASE_URL`,
    exitCode: exitCodes.embedded,
  });
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
