import stringWidth from 'string-width';
import type { Safe } from './terminal-text.js';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Our own colours; a Safe text holds no other escape sequence. */
const colour = /(\x1b\[[\d;]*m)/;
const plainAscii = /^[\x20-\x7e]*$/;
const reset = '\x1b[0m';

/** Columns that one line of text takes on the terminal; colours take none. */
export function width(text: Safe): number {
  return plainAscii.test(text) ? text.length : stringWidth(text);
}

/** The text in at most that many columns: cut between graphemes, the cut shown by the ellipsis, colours closed. */
export function fit(text: Safe, columns: number, ellipsis: Safe = '…' as Safe): Safe {
  if (text.length <= columns && plainAscii.test(text)) return text;
  if (head(text, columns).whole) return text;
  const sign = width(ellipsis) <= columns ? ellipsis : '';
  const cut = head(text, columns - widthOf(sign));
  return `${cut.text}${sign}${cut.coloursBehind}` as Safe;
}

interface Head {
  readonly text: string;
  readonly whole: boolean;
  /** They close what was opened before the cut. */
  readonly coloursBehind: string;
}

/** As many graphemes from the front as fit; stops there, so that a text of a megabyte costs no more than a line. */
function head(text: Safe, columns: number): Head {
  const parts = text.split(colour);
  let used = 0;
  let taken = '';
  for (const [at, part] of parts.entries()) {
    if (colour.test(part)) {
      taken += part;
      continue;
    }
    for (const grapheme of graphemesOf(part)) {
      used += widthOf(grapheme);
      if (used > columns) {
        const behind = parts.slice(at + 1).filter((rest) => colour.test(rest));
        return { text: taken, whole: false, coloursBehind: behind.join('') };
      }
      taken += grapheme;
    }
  }
  return { text: taken, whole: true, coloursBehind: '' };
}

/** Filled with spaces on the right to that many columns; longer texts stay as they are. */
export function padEnd(text: Safe, columns: number): Safe {
  return `${text}${' '.repeat(Math.max(0, columns - width(text)))}` as Safe;
}

/** Filled with spaces on the left to that many columns. */
export function padStart(text: Safe, columns: number): Safe {
  return `${' '.repeat(Math.max(0, columns - width(text)))}${text}` as Safe;
}

/** The text in lines of at most that many columns, broken at spaces, within a word only when it fits no line. */
export function wrap(text: Safe, columns: number): Safe[] {
  const lines: string[] = [];
  let current = '';
  let used = 0;
  let open = '';
  const breakLine = () => {
    lines.push(open === '' ? current.trimEnd() : `${current.trimEnd()}${reset}`);
    current = open;
    used = 0;
  };
  const put = (piece: string, pieceWidth: number) => {
    if (used > 0 && used + pieceWidth > columns) breakLine();
    if (used === 0 && piece === ' ' && lines.length > 0) return;
    current += piece;
    used += pieceWidth;
  };

  for (const piece of text.split(/(\x1b\[[\d;]*m|\n| )/)) {
    if (piece === '') continue;
    if (piece === '\n') breakLine();
    else if (colour.test(piece)) {
      current += piece;
      open = closes(piece) ? '' : open + piece;
    } else if (widthOf(piece) <= columns) put(piece, widthOf(piece));
    else for (const grapheme of graphemesOf(piece)) put(grapheme, widthOf(grapheme));
  }
  breakLine();
  return lines as Safe[];
}

/** The codes that end a colour or a weight (ECMA-48 SGR): as nothing of ours is nested deeper, all is closed then. */
function closes(sequence: string): boolean {
  return /\[(?:0|2[2-9]|39|49)?m$/.test(sequence);
}

function graphemesOf(text: string): Iterable<string> {
  return plainAscii.test(text) ? text : segmentsOf(text);
}

function* segmentsOf(text: string): Generator<string, void, void> {
  for (const { segment } of graphemes.segment(text)) yield segment;
}

function widthOf(text: string): number {
  return width(text as Safe);
}
