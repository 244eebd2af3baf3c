import { randomBytes, randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import type { ExitCode } from '../../src/domain/errors.js';
import { run } from '../../src/program.js';
import type { Machine, Terminal } from '../../src/runtime/machine.js';
import { systemMachine } from '../../src/runtime/system.js';
import type { TestDatabase, TestRole } from './postgres.js';

/** When this text appears in what was said since the last answer, this is typed, and Enter after it. */
type Answer = readonly [appears: string | RegExp, typed: string];

export interface FakeOptions {
  /** Its URL becomes DATABASE_URL. Without it (and without `env`) no database is configured. */
  readonly database?: TestDatabase;
  readonly role?: TestRole;
  readonly env?: Readonly<Record<string, string>>;
  /** What a pipe brings; nothing, at once closed, when absent. A Readable may stay open or be slow. */
  readonly stdin?: string | Uint8Array | readonly (string | Uint8Array)[] | Readable;
  /** `true`: stdin, stdout and stderr are a terminal. */
  readonly terminal?: true | Partial<Terminal>;
  /** Typed on stdin when that is a terminal, else on the controlling terminal, which then exists. Ctrl-C is `\x03`. */
  readonly answers?: readonly Answer[];
  /** A folder of the test's own; unless given, one that does not exist, so that no embedded database is touched. */
  readonly home?: string;
  readonly workingDirectory?: string;
  /** Fixed; otherwise the real clock. */
  readonly now?: Date;
  readonly monotonicMs?: () => number;
  readonly randomBytes?: (size: number) => Uint8Array;
  /** Handed out in order, then random ones. */
  readonly uuids?: readonly string[];
  readonly user?: Machine['user'];
  /** Instead of the captured one; for readers that go away. */
  readonly stdout?: Writable;
}

export interface FakeMachine extends Machine {
  /** What was written so far. */
  written(): { stdout: string; stderr: string };
  /** As SIGINT would: the newest listener is called. */
  interrupt(): void;
}

export interface Ran {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line on a fake machine and tells what came of it. */
export async function runCommand(argv: readonly string[], options: FakeOptions = {}): Promise<Ran> {
  const machine = fakeMachine(options);
  const code = await run(argv, machine);
  return { code, ...machine.written() };
}

/** A machine of streams in memory; see `FakeOptions` for what can be set. */
export function fakeMachine(options: FakeOptions = {}): FakeMachine {
  const typist = typistOf(options.answers ?? []);
  const stdout = capture();
  const stderr = capture(typist.hear);
  const terminal = terminalOf(options.terminal);
  const uuids = [...(options.uuids ?? [])];
  const listeners = new Set<() => void>();
  return {
    stdin: terminal.stdin ? typist.newKeyboard() : streamOf(options.stdin),
    stdout: options.stdout ?? stdout.stream,
    stderr: stderr.stream,
    // All of it is left to the stream, where tests read it.
    writeNow: (text) => text,
    terminal,
    env: environmentOf(options),
    homeDirectory: options.home ?? '/nonexistent/keyctl-test-home',
    workingDirectory: options.workingDirectory ?? tmpdir(),
    packageRoot: join(import.meta.dirname, '../..'),
    version: '0.0.0-test',
    nodeVersion: '20.20.2',
    user: options.user ?? { name: 'tester', uid: 0 },
    hostname: 'test-host',
    platform: 'linux',
    now: () => options.now ?? new Date(),
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
    randomBytes: options.randomBytes ?? ((size) => randomBytes(size)),
    randomUuid: () => uuids.shift() ?? randomUUID(),
    openTerminal: () =>
      options.answers === undefined || terminal.stdin
        ? null
        : { input: typist.newKeyboard(), output: alsoTo(stderr.stream) },
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    atExit: () => () => {},
    // Hooks are real processes, also in tests.
    killGroup: systemMachine().killGroup,
    written: () => ({ stdout: stdout.text(), stderr: stderr.text() }),
    interrupt() {
      const newest = [...listeners].at(-1);
      if (newest === undefined) return;
      listeners.delete(newest);
      newest();
    },
  };
}

function terminalOf(wanted: FakeOptions['terminal']): Terminal {
  const all = wanted === true;
  const base = { stdin: all, stdout: all, stderr: all, columns: 80, rows: 24, unicode: true };
  return wanted === true || wanted === undefined ? base : { ...base, ...wanted };
}

function environmentOf({ database, role, env }: FakeOptions): Readonly<Record<string, string>> {
  if (database === undefined) return { PATH: '/usr/bin:/bin', ...env };
  const { host, port, user } = database.settings(role);
  const url = `postgres://${user}@${encodeURIComponent(host)}:${port}/${database.name}`;
  return { PATH: '/usr/bin:/bin', DATABASE_URL: url, ...env };
}

function streamOf(stdin: FakeOptions['stdin']): Readable {
  if (stdin instanceof Readable) return stdin;
  const chunks = typeof stdin === 'string' || stdin instanceof Uint8Array ? [stdin] : (stdin ?? []);
  return Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  );
}

function capture(hear: (text: string) => void = () => {}): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // As with the real ones, a chunk belongs to its writer again when it is told that it was written.
      chunks.push(Buffer.from(chunk));
      hear(chunk.toString());
      done();
    },
  });
  // As with the real ones, a pipe that ends does not end it: each prompt pipes into it.
  stream.end = () => stream;
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

/** A terminal's output of its own, which keyctl closes after a question; what it shows is kept with the rest of the talk. */
function alsoTo(stream: Writable): Writable {
  return new Writable({ write: (chunk, _encoding, done) => stream.write(chunk, done) });
}

/** Somebody at the keyboard who reads before typing: waits for text, never for time. */
function typistOf(answers: readonly Answer[]): {
  newKeyboard: () => PassThrough;
  hear: (text: string) => void;
} {
  let keyboard = new PassThrough();
  const waiting = [...answers];
  let heard = '';
  const hear = (text: string): void => {
    heard += text;
    const [next] = waiting;
    if (next === undefined) return;
    const [appears, typed] = next;
    const found = typeof appears === 'string' ? heard.includes(appears) : appears.test(heard);
    if (!found) return;
    waiting.shift();
    heard = '';
    // The question is drawn before its listener for keys stands.
    setImmediate(() => keyboard.write(/[\x00-\x1f]$/.test(typed) ? typed : `${typed}\r`));
  };
  const newKeyboard = () => {
    keyboard = new PassThrough();
    return keyboard;
  };
  return { newKeyboard, hear };
}
