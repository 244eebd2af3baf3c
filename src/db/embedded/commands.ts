import { execFile } from 'node:child_process';

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A fixed environment: PG* variables, locales and preloads of the caller must not reach a server that outlives him. */
export const serverEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Runs a program to its end, without a shell; never throws. `status` is null when it could not run or took too long. */
export function runToEnd(file: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { timeoutMs = 10_000, ...identity } = options;
  return new Promise((resolve) => {
    const settings = {
      cwd: '/',
      env: serverEnvironment,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...identity,
    } as const;
    const child = execFile(file, [...args], settings, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ status, stdout, stderr });
    });
    child.stdin?.end();
  });
}
