import type { Readable } from 'node:stream';
import { keyboardOn, markNoPastes, markPastes } from './keyboard.js';
import type { Machine } from './machine.js';

/** Where one question is asked and answered, for the prompts' library. */
export interface Asking {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Ends the question. */
  readonly signal: AbortSignal;
}

export interface AskingOptions {
  /** What was typed before the question stood there is thrown away: it cannot be the answer to it. */
  readonly fresh?: boolean;
  /** For a search: what of a paste is searched for, on one line. */
  readonly shorten?: (pasted: string) => string;
}

interface Streams {
  readonly input: Readable & { setRawMode?(raw: boolean): unknown };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * Lends the terminal for one question and takes it back as it was: echoing, in lines, without marked pastes, whatever
 * ends the question. It is stdin and stderr, or the controlling terminal while stdin is data.
 * @throws Error named ExitPromptError on Ctrl-C, as the library does, and on a signal
 */
export async function borrowTerminal<T>(
  machine: Machine,
  options: AskingOptions,
  question: (asking: Asking) => Promise<T>,
): Promise<T> {
  const own = machine.terminal.stdin ? null : machine.openTerminal();
  const { input, output }: Streams = own ?? { input: machine.stdin, output: machine.stderr };
  // The library ends what it wrote to, and something is still to be written.
  if (own !== null) own.output.end = () => own.output;
  // A terminal that goes away is told by SIGHUP; its errors have nobody to go to.
  const deaf = () => {};
  for (const stream of [input, output]) stream.on('error', deaf);
  const calledOff = new AbortController();
  const undo = machine.onInterrupt(() => calledOff.abort());
  if (options.fresh === true) await forgetTyped(input);
  const keys = keyboardOn(input, options.shorten);
  const marks = output.isTTY === true;
  try {
    if (marks) output.write(markPastes);
    return await question({ input: keys, output, signal: calledOff.signal });
  } catch (error) {
    throw calledOff.signal.aborted ? exitError() : error;
  } finally {
    if (marks) output.write(markNoPastes);
    input.unpipe(keys);
    input.pause();
    undo();
    // A terminal that we opened would keep the process alive.
    own?.input.destroy();
    own?.output.destroy();
    if (own === null) for (const stream of [input, output]) stream.removeListener('error', deaf);
  }
}

/** Takes what lies in the terminal's buffer: two turns of the event loop read whatever had arrived. */
async function forgetTyped(input: Streams['input']): Promise<void> {
  const drop = () => {};
  // Raw, because half a line is not handed out otherwise.
  input.setRawMode?.(true);
  input.on('data', drop);
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  input.removeListener('data', drop);
  input.pause();
}

/** As the library's own on Ctrl-C. */
function exitError(): Error {
  const error = new Error('a signal ended the question');
  error.name = 'ExitPromptError';
  return error;
}
