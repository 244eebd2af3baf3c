import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Secret } from '../../domain/secret.js';
import { SinkError } from './sink.js';

/** What a hook reads and writes, as kernel pipes. */
export interface HookPipes {
  /** The hook's stdin, and its stdout and stderr in one. */
  readonly stdin: number;
  readonly output: number;
  /** What the hook wrote, the end of it. */
  tail(): string;
  /** Resolves when nobody can write any more. */
  readonly written: Promise<void>;
  /** Lets go of the hook's ends, once it was started. */
  handOver(): void;
  /** How many bytes of the secret nobody read; takes them out of the pipe. */
  unread(): number;
  close(): Promise<void>;
}

/**
 * A secret, or a text that is none and shorter than a pipe holds (64 kB). `unreadable`: a read fails, so that a hook that expects
 * the secret fails too instead of storing nothing.
 */
export type HookInput = Secret | { readonly text: string } | 'unreadable' | 'empty';

const keptBytes = 8192;

/**
 * Named pipes in a private directory. Node's own are socket pairs, which have two faults here: what a hook left unread
 * cannot be seen, and `/dev/stdin` and `/dev/stderr`, by which many tools are fed, cannot be opened.
 * @throws SinkError where there is no mkfifo
 */
export async function hookPipes(input: HookInput, searchPath: string): Promise<HookPipes> {
  const directory = await mkdtemp(join(tmpdir(), 'keyctl-hook-'));
  const [stdin, output] = [join(directory, 'stdin'), join(directory, 'output')];
  const clear = () => rm(directory, { recursive: true, force: true });
  try {
    await makePipes([stdin, output], searchPath);
    const fed = typeof input === 'string' ? nothing(input) : filled(stdin, input);
    return joined(fed, collected(output), clear);
  } catch (error) {
    await clear();
    throw error;
  }
}

function joined(fed: Fed, output: Collected, clear: () => Promise<void>): HookPipes {
  return {
    stdin: fed.stdin,
    output: output.descriptor,
    tail: output.tail,
    written: output.written,
    handOver() {
      closeSync(fed.stdin);
      closeSync(output.descriptor);
    },
    unread: fed.unread,
    async close() {
      fed.close();
      output.close();
      await clear();
    },
  };
}

async function makePipes(paths: readonly string[], searchPath: string): Promise<void> {
  const env = { PATH: searchPath };
  await promisify(execFile)('mkfifo', ['-m', '600', ...paths], { env }).catch(() => {
    throw new SinkError(
      'a pipe for it could not be made (mkfifo)',
      'mkfifo -m 600 /tmp/trial, which has to work; or --deliver file:PATH',
    );
  });
}

interface Fed extends Pick<HookPipes, 'stdin' | 'unread'> {
  close(): void;
}

const pulseMs = 10;

/** The secret is in the pipe, whole, before the hook starts: it is far shorter than a pipe holds. */
function filled(path: string, input: Secret | { readonly text: string }): Fed {
  const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
  // Each end opens at once because the other is there already; the keeper does not wait for one.
  const keeper = openSync(path, O_RDONLY | O_NONBLOCK);
  const writer = openSync(path, O_WRONLY);
  const stdin = openSync(path, O_RDONLY);
  writeSync(writer, input instanceof Secret ? input.reveal() : input.text);
  closeSync(writer);
  // Who opens /dev/stdin opens the pipe again, and waits for a writer that would have come and gone.
  const pulse = setInterval(() => closeSync(openSync(path, O_WRONLY | O_NONBLOCK)), pulseMs);
  return {
    stdin,
    unread() {
      clearInterval(pulse);
      try {
        return readSync(keeper, Buffer.alloc(keptBytes));
      } catch {
        return 0; // EAGAIN: empty, and somebody could still write
      }
    },
    close() {
      clearInterval(pulse);
      closeSync(keeper);
    },
  };
}

function nothing(input: 'unreadable' | 'empty'): Fed {
  const { O_RDONLY, O_WRONLY } = constants;
  const stdin = openSync('/dev/null', input === 'empty' ? O_RDONLY : O_WRONLY);
  return { stdin, unread: () => 0, close() {} };
}

interface Collected extends Pick<HookPipes, 'tail' | 'written'> {
  readonly descriptor: number;
  close(): void;
}

function collected(path: string): Collected {
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const descriptor = openSync(path, constants.O_WRONLY);
  const stream = new Socket({ fd: reader, readable: true, writable: false });
  let kept = Buffer.alloc(0);
  const written = new Promise<void>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      kept = Buffer.concat([kept, chunk]).subarray(-keptBytes);
    });
    stream.on('error', () => {});
    stream.on('close', () => resolve());
  });
  return { descriptor, written, tail: () => kept.toString(), close: () => void stream.destroy() };
}
