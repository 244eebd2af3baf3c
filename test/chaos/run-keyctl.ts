import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Arena } from './arena.js';
import type { Observation } from './oracle/oracle.js';

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  /** Null: a signal ended it. */
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly ms: number;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A file that stdout is written to; nowhere else it is kept. */
  readonly stdout?: string | undefined;
}

/** Starts keyctl as a process of its own, with a pipe for its stderr alone. */
export function startKeyctl(
  { keyctl, env }: Pick<Arena, 'keyctl' | 'env'>,
  argv: readonly string[],
  options: StartOptions = {},
): Started {
  const startedAt = performance.now();
  const output = options.stdout === undefined ? 'ignore' : openSync(options.stdout, 'a', 0o600);
  const child = spawn(process.execPath, ['--', keyctl, ...argv], {
    env: { ...env, ...options.env },
    stdio: ['ignore', output, 'pipe'],
  });
  if (typeof output === 'number') closeSync(output);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // `exit`, not `close`: a hook that outlives a killed keyctl may hold the pipe.
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) =>
      setImmediate(() => resolve({ exitCode, stderr, ms: performance.now() - startedAt })),
    );
  });
  return { child, ended };
}

/** What the error on stderr says of its outcome; null when there was none. */
export function outcomeOf(stderr: string): Observation['outcome'] {
  const [, outcome] = /"outcome":"(not_done|unknown|partial)"/.exec(stderr) ?? [];
  return outcome === undefined ? null : (outcome as Observation['outcome']);
}
