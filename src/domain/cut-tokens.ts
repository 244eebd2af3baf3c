import { bodyLength, idOf, locatorLength } from './token.js';
import { bodyRun, nextAnchor, tokenStart } from './token-match.js';

/** The shortest token: a prefix of one letter, the underscore, 64 characters. */
const shortest = 1 + 1 + bodyLength;
const shape = /_[0-9A-Za-z]{64}/;

export interface CutText {
  /** Every token of ours (right checksum) cut to prefix, locator and `****`; all else as it was. */
  readonly text: string;
  /** The ids of the keys whose tokens stood there, in order, each as often as it stood there. */
  readonly ids: readonly string[];
}

const none: readonly string[] = [];

/** Takes tokens out of a text that is going to be stored. Nearly free for texts without a token. */
export function cutTokens(text: string): CutText {
  if (text.length < shortest || !shape.test(text)) return { text, ids: none };
  const codes = codesOf(text);
  const ids: string[] = [];
  let kept = '';
  let from = 0;
  for (let at = nextAnchor(codes, 0, text.length); at >= 0; at = nextAnchor(codes, at + 1, text.length)) {
    if (bodyRun(codes, at) < bodyLength || tokenStart(codes, at) < 0) continue;
    // The secret parts of two tokens never overlap, though the prefix of one may reach into the end of another.
    const locatorEnd = at + 1 + locatorLength;
    ids.push(idOf(text.slice(at + 1, locatorEnd)));
    kept += `${text.slice(from, locatorEnd)}****`;
    from = at + 1 + bodyLength;
  }
  return { text: kept + text.slice(from), ids };
}

/** Zeros behind the text let the matcher look ahead without asking for the end. */
function codesOf(text: string): Uint16Array {
  const codes = new Uint16Array(text.length + bodyLength);
  for (let at = 0; at < text.length; at++) codes[at] = text.charCodeAt(at);
  return codes;
}
