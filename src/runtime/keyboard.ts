import { type Readable, Transform } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const pasteBegins = '\x1b[200~';
const pasteEnds = '\x1b[201~';

/** Asks the terminal to mark what is pasted (xterm's bracketed paste); others ignore it. */
export const markPastes = '\x1b[?2004h';
export const markNoPastes = '\x1b[?2004l';

/** Nobody reads more than this of a paste on one line. */
const longestPaste = 8 * 1024 * 1024;
/** Typed text comes in a few characters; more at once was pasted, also where the terminal does not say so. */
const longestTyped = 64;

type Terminal = Readable & { setRawMode?(raw: boolean): unknown };

export interface Keyboard extends Transform {
  setRawMode(raw: boolean): void;
}

/**
 * The keys of a terminal for one prompt. A paste is one answer: its line ends and controls become spaces, so that its
 * second line does not answer the next question. With `shorten`, for a search, only what that leaves of a paste is typed,
 * and an Enter that comes in one piece with text is passed on after it: the prompt would choose from the list before.
 */
export function keyboardOn(terminal: Terminal, shorten?: (pasted: string) => string): Keyboard {
  const split = pieceSplitter(shorten);
  const decoder = new StringDecoder('utf8');
  const keys = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pushInTurns(split(decoder.write(chunk)));
      function pushInTurns([first, ...rest]: readonly string[]): void {
        if (first !== undefined) keys.push(first);
        if (rest.length === 0) done();
        else setImmediate(() => pushInTurns(rest));
      }
    },
  });
  terminal.pipe(keys);
  return Object.assign(keys, { setRawMode: (raw: boolean) => void terminal.setRawMode?.(raw) });
}

/** Cuts what comes from a terminal into pieces that are keys or one shortened paste each. */
function pieceSplitter(shorten?: (pasted: string) => string): (text: string) => string[] {
  let held = '';
  let pasted: string | null = null;
  const pasteOf = (text: string): string => (shorten ?? ((same) => same))(oneLine(text));
  return (chunk) => {
    const pieces: string[] = [];
    let text = held + chunk;
    held = '';
    while (text !== '') {
      const mark = pasted === null ? pasteBegins : pasteEnds;
      const at = text.indexOf(mark);
      held = at < 0 ? startOf(mark, text) : '';
      const before = text.slice(0, at < 0 ? text.length - held.length : at);
      text = at < 0 ? '' : text.slice(at + mark.length);
      if (pasted !== null) pasted = (pasted + before).slice(0, longestPaste);
      else if (before !== '') pieces.push(...(shorten === undefined ? [before] : typed(before, pasteOf)));
      if (at < 0) continue;
      if (pasted !== null) pieces.push(pasteOf(pasted));
      pasted = pasted === null ? '' : null;
    }
    return pieces;
  };
}

function typed(text: string, pasteOf: (text: string) => string): string[] {
  // Arrows, Ctrl-C and the like.
  if (/[^\P{Cc}\t\r\n]/u.test(text)) return [text];
  const breaks = text.match(/[\r\n]/g)?.length ?? 0;
  const [, words = '', enter = ''] = /^(.*?)([\r\n]?)$/s.exec(text) ?? [];
  const isPaste = words.length > longestTyped || breaks > enter.length;
  const first = isPaste ? pasteOf(words) : words;
  return [first, breaks === 1 ? enter : ''].filter((piece) => piece !== '');
}

/** The end of the text that may be the beginning of the mark; a lone Escape is a key. */
function startOf(mark: string, text: string): string {
  for (let length = Math.min(mark.length - 1, text.length); length > 1; length -= 1) {
    if (text.endsWith(mark.slice(0, length))) return mark.slice(0, length);
  }
  return '';
}

function oneLine(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim();
}
