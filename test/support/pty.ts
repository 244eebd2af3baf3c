import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { builtProgram } from './built-program.js';

export interface PtyOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A shell line in which `"$@"` runs keyctl; by default that alone. */
  readonly line?: string;
  /** The program that obeys KEYCTL_FAILPOINT, instead of the one that users have. */
  readonly failpoints?: boolean;
}

/** keyctl in a real terminal of its own, as a person sees and drives it. */
export interface Pty {
  /** The lines on the screen, without the blanks at their ends, without the empty ones below. */
  screen(): string[];
  /** Everything that was ever written, escape sequences and all. */
  written(): string;
  /** Waits until this stands on the screen. Fails with the screen as it is after 20 s. */
  sees(text: string | RegExp): Promise<void>;
  /** As keys: Enter is `\r`, Ctrl-C `\x03`. */
  type(keys: string): void;
  /** As a terminal that knows bracketed paste does it, when it was asked to. */
  paste(text: string): void;
  /** Column and row, from 0. */
  cursor(): { readonly column: number; readonly row: number; readonly shown: boolean };
  /** Waits for keyctl's end: its exit code, and the terminal's settings then (`stty -a`). */
  ended(): Promise<{ readonly code: number; readonly settings: string }>;
  /** The window gets another size. */
  resize(columns: number, rows: number): void;
  /** The window is closed. */
  close(): void;
}

const limitMs = 20_000;

export async function startPty(argv: readonly string[], options: PtyOptions = {}): Promise<Pty> {
  const { columns = 80, rows = 24, line = '"$@"' } = options;
  const program = await builtProgram(options.failpoints === true ? 'failpoints' : 'release');
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 1000, allowProposedApi: true });
  // The shell outlives keyctl and its signals, to tell how it left the terminal.
  const script = `trap : INT TERM HUP; ${line}; code=$?; stty -a >"$settings"; echo "[exit $code]"; read -r _`;
  const settings = `${program}-${randomUUID()}`;
  const pty = spawn('/bin/sh', ['-c', script, 'sh', program, ...argv], {
    cols: columns,
    rows,
    name: 'xterm-256color',
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', LANG: 'C.UTF-8', settings, ...options.env },
  });
  return driven(pty, terminal, settings);
}

function driven(pty: IPty, terminal: xterm.Terminal, settings: string): Pty {
  let written = '';
  let changed = (): void => {};
  pty.onData((data) => {
    written += data;
    terminal.write(data, () => changed());
  });
  // What the terminal answers when it is asked (where is the cursor?).
  terminal.onData((answer) => pty.write(answer));
  const screen = (): string[] => {
    // A screen has one buffer of its own; the shell's is there again after it.
    const buffer = terminal.buffer.active;
    const lines = Array.from({ length: buffer.length }, (_, row) =>
      buffer.getLine(row)?.translateToString(true),
    );
    return lines.join('\n').trimEnd().split('\n');
  };
  const until = async (holds: () => boolean, what: string): Promise<void> => {
    const late = AbortSignal.timeout(limitMs);
    while (!holds()) {
      await new Promise<void>((resolve, reject) => {
        changed = resolve;
        late.onabort = () => reject(new Error(`never saw ${what}; the screen is:\n${screen().join('\n')}`));
      });
    }
  };
  const sees = (text: string | RegExp): Promise<void> => {
    const found = () =>
      typeof text === 'string' ? screen().join('\n').includes(text) : text.test(screen().join('\n'));
    return until(found, String(text));
  };
  return {
    screen,
    written: () => written,
    sees,
    type: (keys) => pty.write(keys),
    paste(text) {
      const asTyped = text.replaceAll('\n', '\r');
      pty.write(terminal.modes.bracketedPasteMode ? `\x1b[200~${asTyped}\x1b[201~` : asTyped);
    },
    cursor: () => ({
      column: terminal.buffer.active.cursorX,
      row: terminal.buffer.active.cursorY + terminal.buffer.active.baseY,
      shown: written.lastIndexOf('\x1b[?25h') >= written.lastIndexOf('\x1b[?25l'),
    }),
    async ended() {
      await sees(/\[exit \d+\]/);
      const [, code] = /\[exit (\d+)\]/.exec(screen().join('\n')) ?? [];
      return { code: Number(code), settings: await readFile(settings, 'utf8') };
    },
    resize(columns, rows) {
      terminal.resize(columns, rows);
      pty.resize(columns, rows);
    },
    // Its `kill` would reach the shell alone; the end of the terminal reaches everybody in it.
    close: () => (pty as IPty & { destroy(): void }).destroy(),
  };
}
