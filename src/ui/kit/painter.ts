/** Brings frames, whole texts of lines, onto a terminal. */
export interface Painter {
  /** What has to be written so that the frame stands there. */
  paint(frame: string): string;
  /** The terminal has another size, or somebody else wrote on it: the next frame is written whole. */
  forget(): void;
}

const control = '\x1b[';
const eraseLine = `${control}K`;
const eraseBelow = `${control}J`;
const eraseAll = `${control}2J`;

/**
 * Writes the lines that changed, each at its own place. Ink's own writing moves up from where the cursor was, which after
 * a resize is elsewhere, and clears with a sequence that takes the scrollback of the shell with it.
 */
export function linePainter(): Painter {
  let shown: readonly string[] | null = null;
  return {
    paint(frame) {
      const lines = frame.split('\n');
      const before = shown;
      shown = lines;
      const written = lines.flatMap((text, row) =>
        before?.[row] === text ? [] : [`${control}${row + 1};1H${text}${eraseLine}`],
      );
      if (before === null) return `${eraseAll}${written.join('')}`;
      const fewer = lines.length < before.length ? `${control}${lines.length + 1};1H${eraseBelow}` : '';
      return `${written.join('')}${fewer}`;
    },
    forget() {
      shown = null;
    },
  };
}

/**
 * For a screen reader, which reads what is written: the lines that were not there before, one after another, like talk.
 * Nothing is erased and the cursor never goes back.
 */
export function readAloudPainter(): Painter {
  let read: ReadonlySet<string> = new Set();
  return {
    paint(frame) {
      const lines = frame.split('\n').filter((text) => text.trim() !== '');
      const fresh = lines.filter((text) => !read.has(text));
      read = new Set(lines);
      return fresh.map((text) => `${text}\r\n`).join('');
    },
    forget() {},
  };
}
