import { exitCodes, KeyctlError } from '../../domain/errors.js';
import { startDeadline } from '../deadline.js';
import { runToEnd } from './commands.js';
import { clusterMajor } from './create.js';
import { type Layout, locate } from './layout.js';
import { isOurServer, isReady, readPidFile } from './pid-file.js';
import { pause } from './start.js';

export interface EmbeddedStatus {
  readonly state: 'absent' | 'stopped' | 'running';
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly log: string;
  /** The PostgreSQL version that the cluster belongs to; null when absent. */
  readonly major: number | null;
  /** Of the server; null unless running. */
  readonly pid: number | null;
}

/** What there is of the embedded server; starts and changes nothing. */
export async function embeddedStatus(dataHome: string): Promise<EmbeddedStatus> {
  const layout = await locate(dataHome);
  const major = await clusterMajor(layout);
  const running = await isReady(layout);
  return {
    state: major === null ? 'absent' : running ? 'running' : 'stopped',
    dataDirectory: layout.data,
    socketDirectory: layout.run,
    log: layout.log,
    major,
    pid: running ? ((await readPidFile(layout))?.pid ?? null) : null,
  };
}

/**
 * Stops the server: what is under way is rolled back, everything acknowledged is on disk. Answers false when it was not
 * running.
 * @throws KeyctlError 73 when it is still there after `timeoutMs`.
 */
export async function stopEmbedded(dataHome: string, timeoutMs = 30_000): Promise<boolean> {
  const layout = await locate(dataHome);
  const pid = await runningPid(layout);
  if (pid === null) return false;
  // SIGINT is PostgreSQL's "fast shutdown". By a shell, because only `main` and `runtime/system` name `process`.
  await runToEnd('/bin/sh', ['-c', 'kill -INT "$0"', String(pid)]);
  const deadline = startDeadline(timeoutMs);
  while (await isOurServer(layout, pid)) {
    if (deadline.remainingMs() === 0) throw stillRunning(layout, pid);
    await pause(20);
  }
  return true;
}

async function runningPid(layout: Layout): Promise<number | null> {
  const pid = (await readPidFile(layout))?.pid ?? null;
  return pid !== null && (await isOurServer(layout, pid)) ? pid : null;
}

function stillRunning(layout: Layout, pid: number): KeyctlError {
  return new KeyctlError({
    code: 'embedded_not_stopped',
    message: `the embedded database (process ${pid}) is still shutting down`,
    hint: `look at ${layout.log}, then run again: keyctl db stop`,
    exitCode: exitCodes.embedded,
  });
}
