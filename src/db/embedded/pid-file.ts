import { readFile, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import { runToEnd } from './commands.js';
import type { Layout } from './layout.js';

/** postmaster.pid, as far as it has been written. */
export interface PidFile {
  readonly pid: number;
  /** Line 8: `starting`, `ready`, `stopping`; empty while the server has not got that far. */
  readonly state: string;
}

/** The server's own pid file, or null when there is none. */
export async function readPidFile(layout: Layout): Promise<PidFile | null> {
  const text = await readFile(join(layout.data, 'postmaster.pid'), 'utf8').catch(() => null);
  if (text === null) return null;
  const lines = text.split('\n');
  return { pid: Number.parseInt(lines[0] ?? '', 10), state: (lines[7] ?? '').trim() };
}

/** Ready means both: the file says so, and somebody answers at the socket (F33); either alone can be left over. */
export async function isReady(layout: Layout): Promise<boolean> {
  const found = await readPidFile(layout);
  return found?.state === 'ready' && (await socketAnswers(layout));
}

function socketAnswers(layout: Layout): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(join(layout.run, `.s.PGSQL.${layout.port}`));
    const answer = (value: boolean): void => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}

/** Whether the process of the pid file lives and is the server of this data directory; pids are used again. */
export async function isOurServer(layout: Layout, pid: number): Promise<boolean> {
  const command = await commandLine(pid);
  return command?.includes('postgres') === true && command.includes(layout.data);
}

/** Null for a process that does not exist, empty for a zombie. */
async function commandLine(pid: number): Promise<string | null> {
  if (platform() === 'linux') {
    return readFile(`/proc/${pid}/cmdline`, 'utf8').then(
      (text) => text.replaceAll('\0', ' '),
      () => null,
    );
  }
  const { status, stdout } = await runToEnd('ps', ['-o', 'command=', '-p', String(pid)]);
  return status === 0 ? stdout : null;
}

/**
 * Removes a pid file whose pid now belongs to somebody else: the server would believe that it runs already and refuse to
 * start, for ever (F33). A file of a dead pid is left to the server, which reads in it which shared memory must be free
 * first. Only the holder of the start lock calls this.
 */
export async function removeStalePidFile(layout: Layout): Promise<void> {
  const found = await readPidFile(layout);
  if (found === null) return;
  const command = await commandLine(found.pid);
  if (command === null || (await isOurServer(layout, found.pid))) return;
  await unlink(join(layout.data, 'postmaster.pid')).catch(() => {});
}
