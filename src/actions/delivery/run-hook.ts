import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { formatDuration } from '../../domain/duration.js';
import type { HookCommand } from '../../domain/hook-command.js';
import { Secret } from '../../domain/secret.js';
import { mentionsSecret } from '../../domain/secret-in-text.js';
import { type HookInput, type HookPipes, hookPipes } from './hook-pipes.js';
import { codeOf } from './new-file.js';
import { SinkError } from './sink.js';

/** What running a program of the user's needs of the machine. */
export interface HookWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Variables that hooks get beside the usual ones (`KEYCTL_PASS_ENV`). */
  readonly passEnv: readonly string[];
  readonly timeoutMs: number;
  /** Kills the processes of a group, at once. */
  killGroup(pid: number): void;
  /** Calls back once when the user calls the work off; returns the undoing. */
  onInterrupt(listener: () => void): () => void;
}

export interface HookRun {
  readonly command: HookCommand;
  /** `KEYCTL_…`, on top of what is passed on. */
  readonly variables: Readonly<Record<string, string>>;
  readonly input: HookInput;
  /** Ending well is not enough: what is left of the secret in the pipe was not taken. */
  readonly readsAll: boolean;
}

/** Enough to find programs, to be at home, and to speak the user's language; DATABASE_URL and the like stay here. */
const passedOn = /^(PATH|HOME|LANG|LC_[A-Z]+|TZ)$/;

const shownCharacters = 200;

/** How long the last words of a hook are waited for when something it started still holds its output. */
const lastWordsMs = 250;

/**
 * Runs a program without a shell, in a process group of its own, and waits for it.
 * @throws SinkError when it cannot be started, ends with anything but 0, takes too long, is called off, or leaves a part
 *   of the secret unread. The message holds the last line of its output, unless the secret shows through.
 */
export async function runHook(run: HookRun, world: HookWorld): Promise<void> {
  const { command, input } = run;
  await refuseUnsafe(command.file);
  const pipes = await hookPipes(input, world.env.PATH ?? '/usr/bin:/bin');
  try {
    const ended = await finished(start(run, pipes, world), pipes, world);
    const words = lastWords(pipes.tail(), input);
    if (ended !== null) throw new SinkError(ended.why + words, see(command), ended.interrupted);
    const left = run.readsAll ? pipes.unread() : 0;
    if (left > 0)
      throw new SinkError(`it ended well, but left ${left} bytes of the key unread${words}`, see(command));
  } finally {
    await pipes.close();
  }
}

/** A program that others can change would hand them the next key. */
async function refuseUnsafe(file: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found === null) throw new SinkError('there is no such program', `ls -l ${file}`);
  if (!found.isFile()) throw new SinkError('it is no regular file', `ls -ld ${file}`);
  if ((found.mode & 0o002) !== 0) throw new SinkError('everybody may change it', `chmod o-w ${file}`);
  await access(file, constants.X_OK).catch(() => {
    throw new SinkError('it is not executable', `chmod u+x ${file}`);
  });
}

function environment({ env, passEnv }: HookWorld): Record<string, string> {
  const passed = Object.entries(env).filter(([name]) => passedOn.test(name) || passEnv.includes(name));
  return Object.fromEntries(passed.map(([name, value]) => [name, value ?? '']));
}

function start({ command, variables }: HookRun, pipes: HookPipes, world: HookWorld): ChildProcess {
  const { stdin, output } = pipes;
  const env = { ...environment(world), ...variables };
  try {
    // A group of its own: killed whole, and Ctrl-C reaches it through us alone.
    return spawn(command.file, command.args, { env, detached: true, stdio: [stdin, output, output] });
  } catch (error) {
    throw new SinkError(`it could not be started (${codeOf(error)})`, see(command));
  } finally {
    pipes.handOver();
  }
}

interface Failure {
  readonly why: string;
  readonly interrupted: boolean;
}

/** Null when it ended with 0. */
async function finished(child: ChildProcess, pipes: HookPipes, world: HookWorld): Promise<Failure | null> {
  let cause: Failure | null = null;
  const kill = (why: string, interrupted: boolean) => {
    cause ??= { why, interrupted };
    if (child.pid !== undefined) world.killGroup(child.pid);
  };
  const tooLong = `it took longer than ${formatDuration(world.timeoutMs / 1000)} and was killed`;
  const timer = setTimeout(() => kill(tooLong, false), world.timeoutMs);
  const undo = world.onInterrupt(() => kill('it was interrupted', true));
  try {
    const ended = await exitOf(child);
    await Promise.race([pipes.written, new Promise((resolve) => setTimeout(resolve, lastWordsMs).unref())]);
    return cause ?? (ended === null ? null : { why: ended, interrupted: false });
  } finally {
    clearTimeout(timer);
    undo();
  }
}

/** Null for 0; else how it ended, in words. */
function exitOf(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      // The program itself was there a moment ago.
      if (codeOf(error) === 'ENOENT') resolve('the interpreter that its first line names is not there');
      else resolve(`it could not be started (${codeOf(error)})`);
    });
    child.once('exit', (code, signal) => {
      if (signal !== null) resolve(`it was ended by ${signal}`);
      else resolve(code === 0 ? null : `it ended with exit code ${code}`);
    });
  });
}

/** Its last line, for whoever has to mend it. */
function lastWords(output: string, input: HookInput): string {
  const last =
    output
      .split(/[\r\n]+/)
      .filter((line) => line.trim() !== '')
      .at(-1)
      ?.trim() ?? '';
  if (last === '') return '';
  if (input instanceof Secret && mentionsSecret(output, input)) {
    return ' (what it printed holds the key, and is not shown)';
  }
  const shown = [...last].slice(0, shownCharacters).join('');
  return `: ${shown}${shown.length < last.length ? '…' : ''}`;
}

function see({ file }: HookCommand): string {
  return `mend ${file} (docs/delivery.md says what a hook has to do), or --deliver file:PATH`;
}
