import { PassThrough, type Readable, type Writable } from 'node:stream';
import { render, useInput } from 'ink';
import { type ReactElement, useEffect, useRef, useState } from 'react';
import type { Style } from '../../render/style.js';
import { type Keystroke, keystrokeReader, markNoPastes, markPastes } from './keystroke.js';
import { linePainter, type Painter, readAloudPainter } from './painter.js';
import { type ScreenView, ScreenViewContext } from './screen-view.js';

/** The terminal a screen is drawn on. Columns and rows are 0 where the terminal does not know them (F37). */
export interface ScreenTerminal {
  readonly input: Readable & { setRawMode?(raw: boolean): unknown };
  readonly output: Writable & { readonly columns?: number; readonly rows?: number };
  readonly style: Style;
  readonly isScreenReader: boolean;
  /** Calls back on SIGINT, SIGTERM or SIGHUP; returns the undoing. */
  onInterrupt(listener: () => void): () => void;
  /** Calls back when the process ends without having ended the screen; returns the undoing. */
  atExit(listener: () => void): () => void;
}

/** How a screen ended: somebody left it, or a signal, Ctrl-C or the loss of the terminal did it. */
export type Ending = 'left' | 'interrupted';

export interface BoardProps {
  /** Every key but Ctrl-C comes here. Called anew with each frame. */
  readonly onKey: (listener: (key: Keystroke) => void) => void;
  readonly leave: (ending: Ending) => void;
}

const enter = `\x1b[?1049h\x1b[?25l\x1b[?7l${markPastes}\x1b[2J\x1b[H`;
const restore = `${markNoPastes}\x1b[?7h\x1b[?25h\x1b[?1049l`;

/**
 * Shows a board until it is left, and gives the terminal back as it was, however that came about.
 * @throws what a component threw, after the terminal was given back
 */
export async function runScreen(
  terminal: ScreenTerminal,
  Board: (props: BoardProps) => ReactElement,
): Promise<Ending> {
  const { input, output, isScreenReader } = terminal;
  const painter = isScreenReader ? readAloudPainter() : linePainter();
  const canvas = canvasOn(output, painter);
  let ending: Ending | null = null;
  let unmount = (): void => {};
  const leave = (how: Ending): void => {
    ending ??= how;
    unmount();
  };
  const keyboard = keyboardOn(input);
  const giveBack = takeTerminal(terminal, canvas, () => leave('interrupted'));
  try {
    const ink = render(<Screen terminal={terminal} painter={painter} Board={Board} leave={leave} />, {
      // Only what `keyboardOn` gives it is used of it.
      stdin: keyboard.keys as unknown as NodeJS.ReadStream,
      // Only what `canvasOn` has is used of it.
      stdout: canvas.stream as unknown as NodeJS.WriteStream,
      // Whole frames, at once, whatever CI says: the painter writes only what changed of them.
      debug: true,
      exitOnCtrlC: false,
      patchConsole: false,
      isScreenReaderEnabled: isScreenReader,
    });
    unmount = ink.unmount;
    if (ending !== null) unmount();
    await ink.waitUntilExit();
    return ending ?? 'left';
  } finally {
    keyboard.close();
    giveBack();
  }
}

/**
 * What Ink takes for stdin. It would read the terminal in Node's paused mode, out of which the stream does not come again: after
 * a question in between, a second screen would hear no key.
 */
function keyboardOn(input: ScreenTerminal['input']) {
  const keys = new PassThrough();
  const forward = (typed: unknown): void => void keys.write(typed);
  input.on('data', forward);
  input.resume();
  return {
    keys: Object.assign(keys, {
      isTTY: true,
      setRawMode: (raw: boolean): void => void input.setRawMode?.(raw),
      ref: () => {},
      unref: () => {},
    }),
    close() {
      input.removeListener('data', forward);
      input.pause();
    },
  };
}

/** Takes the terminal, and gives it back once, whoever asks first: the screen's end or the process's. */
function takeTerminal(terminal: ScreenTerminal, canvas: Canvas, lost: () => void): () => void {
  const { input, output, isScreenReader } = terminal;
  const restoreOnce = (): void => {
    if (canvas.closed) return;
    canvas.closed = true;
    input.setRawMode?.(false);
    output.write(isScreenReader ? markNoPastes : restore);
  };
  output.write(isScreenReader ? markPastes : enter);
  const undo = [terminal.onInterrupt(lost), terminal.atExit(restoreOnce)];
  // A terminal that went away takes nothing and says nothing more.
  for (const stream of [input, output]) stream.on('error', lost);
  input.on('end', lost);
  return () => {
    restoreOnce();
    for (const each of undo) each();
    for (const stream of [input, output]) stream.removeListener('error', lost);
    input.removeListener('end', lost);
    input.pause();
  };
}

type Canvas = ReturnType<typeof canvasOn>;

/** What Ink takes for stdout: frames come in, and changed lines go out. */
function canvasOn(output: ScreenTerminal['output'], painter: Painter) {
  const canvas = {
    closed: false,
    stream: {
      // Ink would show and hide the cursor by itself.
      isTTY: false,
      get columns() {
        return output.columns || 80;
      },
      get rows() {
        return output.rows || 24;
      },
      write(frame: string): boolean {
        const text = canvas.closed ? '' : painter.paint(frame);
        if (text !== '') output.write(text);
        return true;
      },
      // A new size is the screen's business: it forgets the old frame before the new one is drawn.
      on: () => {},
      off: () => {},
    },
  };
  return canvas;
}

interface ScreenProps {
  readonly terminal: ScreenTerminal;
  readonly painter: Painter;
  readonly Board: (props: BoardProps) => ReactElement;
  readonly leave: (ending: Ending) => void;
}

function Screen({ terminal, painter, Board, leave }: ScreenProps) {
  const view = useView(terminal, painter);
  const listener = useRef<(key: Keystroke) => void>(() => {});
  const reader = useRef(keystrokeReader());
  useInput((input, key) => {
    for (const pressed of reader.current(input, key)) {
      if (pressed.name === 'ctrl-c') leave('interrupted');
      else listener.current(pressed);
    }
  });
  const onKey = (listen: (key: Keystroke) => void): void => {
    listener.current = listen;
  };
  return (
    <ScreenViewContext.Provider value={view}>
      <Board onKey={onKey} leave={leave} />
    </ScreenViewContext.Provider>
  );
}

function useView({ output, style, isScreenReader }: ScreenTerminal, painter: Painter): ScreenView {
  const size = () => ({ columns: output.columns || 80, rows: output.rows || 24 });
  const [current, setSize] = useState(size);
  useEffect(() => {
    const resized = () => {
      painter.forget();
      setSize({ columns: output.columns || 80, rows: output.rows || 24 });
    };
    output.on('resize', resized);
    return () => {
      output.removeListener('resize', resized);
    };
  }, [output, painter]);
  return { ...current, style, isScreenReader };
}
