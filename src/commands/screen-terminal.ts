import type { Readable, Writable } from 'node:stream';
import { exitCodes, KeyctlError, usageError } from '../domain/errors.js';
import type { Style } from '../render/style.js';
import type { Runtime } from '../runtime/runtime.js';

/** A terminal for a screen, as `runScreen` takes it. */
export interface ScreenTerminal {
  readonly input: Readable;
  readonly output: Writable;
  readonly style: Style;
  readonly isScreenReader: boolean;
  onInterrupt(listener: () => void): () => void;
  atExit(listener: () => void): () => void;
}

/** Refuses (5) to draw a screen where there is no terminal, and (2) any form of output that a screen has not. */
export function requireScreen(rt: Runtime, twin: string): void {
  if (rt.flags.output !== 'table') {
    throw usageError('--output', 'this is a screen, and has no other form', twin);
  }
  const { terminal, env } = rt.machine;
  if (terminal.stdin && terminal.stdout && rt.flags.input && env.TERM !== 'dumb') return;
  throw new KeyctlError({
    code: 'no_terminal',
    message: 'this is a screen, and there is no terminal to draw it on',
    hint: twin,
    exitCode: exitCodes.confirmation,
  });
}

export function screenTerminal(rt: Runtime): ScreenTerminal {
  const { machine } = rt;
  return {
    input: machine.stdin,
    output: machine.stdout,
    style: rt.style('stdout'),
    // The name that Ink has for it.
    isScreenReader: /^(1|true)$/.test(machine.env.INK_SCREEN_READER ?? ''),
    onInterrupt: (listener) => machine.onInterrupt(listener),
    atExit: (listener) => machine.atExit(listener),
  };
}
