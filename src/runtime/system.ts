import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, fstatSync, openSync, writeSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { isatty, ReadStream, WriteStream } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { unicodeLocale } from '../render/style.js';
import type { Machine } from './machine.js';

declare const __KEYCTL_VERSION__: string | undefined;

/** The machine itself. With `main.ts` the only place that names `process`. */
export function systemMachine(): Machine {
  // Node makes a stream when it is first looked at, and asking for the user reads files: each only when it is wanted.
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    writeNow,
    terminal: {
      get stdin() {
        return isTerminal(0);
      },
      get stdout() {
        return isTerminal(1);
      },
      get stderr() {
        return isTerminal(2);
      },
      get columns() {
        if (isTerminal(1)) return process.stdout.columns || 80;
        return (isTerminal(2) && process.stderr.columns) || 80;
      },
      get rows() {
        if (isTerminal(1)) return process.stdout.rows || 24;
        return (isTerminal(2) && process.stderr.rows) || 24;
      },
      get unicode() {
        return unicodeLocale(process.env);
      },
    },
    env: process.env,
    get homeDirectory() {
      return homedir();
    },
    get workingDirectory() {
      return process.cwd();
    },
    get packageRoot() {
      return packageRoot();
    },
    version: typeof __KEYCTL_VERSION__ === 'string' ? __KEYCTL_VERSION__ : 'development',
    nodeVersion: process.versions.node,
    get user() {
      return currentUser();
    },
    get hostname() {
      return hostname();
    },
    platform: process.platform,
    now: () => new Date(),
    monotonicMs: () => performance.now(),
    randomBytes: (size) => randomBytes(size),
    randomUuid: () => randomUUID(),
    openTerminal,
    onInterrupt: interruptStack(),
    atExit,
    killGroup,
  };
}

function writeNow(text: string): string {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    // A full pipe that does not wait is the stream's business, and so is telling of any other failure.
    if (code === 'EPIPE') return '';
  }
  return bytes.subarray(written).toString();
}

/** node:tty is 1.7 ms to load, and a pipe or a file is none without asking it. */
function isTerminal(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice() && isatty(descriptor);
  } catch {
    return false; // closed
  }
}

/** The folder above this file that holds package.json: the same for src/ under tsx and for dist/. */
function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json')) && dirname(directory) !== directory) {
    directory = dirname(directory);
  }
  return directory;
}

/** A container's uid may stand in no passwd file, where `userInfo` throws. */
function currentUser(): { name: string; uid: number } {
  try {
    const { username, uid } = userInfo();
    return { name: username, uid };
  } catch {
    const uid = process.getuid?.() ?? -1;
    return { name: `uid ${uid}`, uid };
  }
}

function openTerminal(): { input: ReadStream; output: WriteStream } | null {
  try {
    return {
      input: new ReadStream(openSync('/dev/tty', 'r')),
      output: new WriteStream(openSync('/dev/tty', 'w')),
    };
  } catch {
    return null;
  }
}

function atExit(listener: () => void): () => void {
  const own = (): void => listener();
  process.on('exit', own);
  process.on('uncaughtExceptionMonitor', own);
  return () => {
    process.removeListener('exit', own);
    process.removeListener('uncaughtExceptionMonitor', own);
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Ended by itself, just now.
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The listeners of one machine, the newest last; signals are caught only while there is one. */
function interruptStack(): Machine['onInterrupt'] {
  const listeners: (() => void)[] = [];
  const interrupted = (): void => {
    listeners.pop()?.();
    // Later, because the prompts' library ends the process when it finds itself alone with the signal.
    setImmediate(rest);
  };
  const rest = (): void => {
    if (listeners.length === 0) for (const signal of signals) process.removeListener(signal, interrupted);
  };
  return (listener) => {
    const own = (): void => listener();
    if (listeners.length === 0) {
      rest();
      for (const signal of signals) process.on(signal, interrupted);
    }
    listeners.push(own);
    return () => {
      const at = listeners.indexOf(own);
      if (at >= 0) listeners.splice(at, 1);
      rest();
    };
  };
}
