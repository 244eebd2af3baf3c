import { hash } from 'node:crypto';
import type { KnownDigests } from './known-digests.js';
import { Secret } from './secret.js';
import { advance, type Position, startOfText } from './text-position.js';
import { parseToken } from './token.js';
import type { FoundToken, TokenScanner } from './token-scan.js';
import { longestWord, shortestWord } from './word.js';
import { wordMemory } from './word-memory.js';

/** Copies for the loops: in the bundle a constant of another chunk is read by a call. */
const shortest = shortestWord;
const longest = longestWord;

/** A run without blanks is looked at in windows of this size, which overlap by more than a word. */
const windowBytes = 4096;
const step = windowBytes - longest - 64;

const inTable = (characters: string) =>
  Uint8Array.from({ length: 256 }, (_, code) => (characters.includes(String.fromCharCode(code)) ? 1 : 0));

/** `Authorization:Bearer:xyz`: behind so many of them a token is looked for that has such characters itself. */
const mostAssignments = 3;

/** 1 for what ends a run: blanks, quotes, and everything that is no ASCII, such as the quotes of word processors. */
const ends = Uint8Array.from({ length: 256 }, (_, code) =>
  code <= 0x20 || code >= 0x7f || code === 0x22 || code === 0x27 || code === 0x60 ? 1 : 0,
);
const brackets = inTable(',;()[]{}<>|\\*');
const queryMarks = inTable('&?#');
const assignments = inTable('=:');
const pathMarks = inTable('=:@/');
/** What stands around a word in prose; and what a token seldom begins or ends with. */
const sentence = inTable('.,;:!?()[]{}<>');
const trimmed = inTable('.,;:!?*_~-=/&#@()[]{}<>|\\+$%^');

/**
 * Finds the tokens of imported keys: words of 16 to 256 characters whose SHA-256 is known. A word is a run without blanks
 * and quotes, and each piece of it that a token can be in what people and programs write: `KEY=xyz`, `Bearer:xyz,`,
 * `?key=xyz&a=b`, `https://user:xyz@host/`, `{xyz}`, `xyz.`; what stands behind the first of `=` and `:` as a whole, so that
 * a token may hold such characters itself. Tokens of our own form are the other scanner's.
 * Constant memory, chunks of any size, any bytes.
 */
export function wordScanner(known: KnownDigests): TokenScanner {
  const position: Position = { ...startOfText };
  const unknown = wordMemory(longest);
  let held: Buffer = Buffer.alloc(0);
  let halfPair = '';
  /** Where in the present run something was found: its windows overlap. */
  let hits = new Set<number>();

  function scan(work: Buffer, final: boolean): FoundToken[] {
    const found: FoundToken[] = [];
    /** Up to here `position` has come. */
    let counted = 0;
    let from = 0;
    const look = (start: number, end: number) => {
      if (end - start > longest) return;
      const slot = unknown.slotOf(work, start, end);
      if (unknown.holds(slot, work, start, end)) return;
      const piece = work.subarray(start, end);
      if (!known.has(hash('sha256', piece, 'buffer'))) {
        unknown.keep(slot, piece);
        return;
      }
      const word = piece.toString('latin1');
      if (parseToken(word).kind === 'token') return;
      const at = position.offset + start - counted;
      if (hits.has(at)) return;
      hits.add(at);
      advance(position, work, counted, from);
      counted = from;
      const place = { ...position };
      advance(place, work, counted, start);
      found.push({ kind: 'foreign', token: new Secret(word), id: '', prefix: '', locator: '', ...place });
    };

    for (;;) {
      while (from < work.length && ends[work[from] ?? 0] === 1) from++;
      let to = from;
      while (to < work.length && ends[work[to] ?? 0] === 0) to++;
      while (to - from > windowBytes) {
        pieces(work, from, from + windowBytes, look);
        from += step;
      }
      // A run at the end may go on in the next chunk.
      if (to === work.length && !final) break;
      pieces(work, from, to, look);
      if (to === work.length) break;
      from = to;
      hits = new Set();
    }
    const kept = final ? work.length : from;
    advance(position, work, counted, kept);
    held = Buffer.from(work.subarray(kept));
    return found;
  }

  return {
    push(chunk) {
      if (typeof chunk !== 'string') return scan(Buffer.concat([held, chunk]), false);
      const text = halfPair + chunk;
      const cut = /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
      halfPair = text.slice(cut);
      return scan(Buffer.concat([held, Buffer.from(text.slice(0, cut))]), false);
    },
    end() {
      const found = scan(Buffer.concat([held, Buffer.from(halfPair)]), true);
      halfPair = '';
      held = Buffer.alloc(0);
      hits = new Set();
      Object.assign(position, startOfText);
      return found;
    },
  };
}

type Look = (from: number, to: number) => void;

/** Every piece of the run in [from, to) that a token can be; the same piece twice in a row is told once. */
function pieces(bytes: Buffer, from: number, to: number, look: Look): void {
  if (to - from < shortest) return;
  let lastFrom = -1;
  let lastTo = -1;
  const tell: Look = (start, end) => {
    if (end - start < shortest || (start === lastFrom && end === lastTo)) return;
    lastFrom = start;
    lastTo = end;
    look(start, end);
  };
  const both: Look = (start, end) => {
    if (end - start < shortest) return;
    tell(start, end);
    let [a, b] = [start, end];
    while (a < b && sentence[bytes[a] ?? 0] === 1) a++;
    while (b > a && sentence[bytes[b - 1] ?? 0] === 1) b--;
    tell(a, b);
    while (a < b && trimmed[bytes[a] ?? 0] === 1) a++;
    while (b > a && trimmed[bytes[b - 1] ?? 0] === 1) b--;
    tell(a, b);
    // Padding of base64 is no punctuation.
    while (b < end && bytes[b] === 0x3d) b++;
    tell(a, b);
  };
  both(from, to);
  eachPart(bytes, { from, to, at: brackets }, (start, end) => {
    both(start, end);
    eachPart(bytes, { from: start, to: end, at: queryMarks }, (first, last) => {
      both(first, last);
      for (let at = first, times = 0; at < last && times < mostAssignments; at++) {
        if (assignments[bytes[at] ?? 0] === 0) continue;
        both(at + 1, last);
        times++;
      }
      eachPart(bytes, { from: first, to: last, at: pathMarks }, both);
    });
  });
}

/** The parts of [from, to) between the bytes of a table. */
function eachPart(
  bytes: Buffer,
  range: { readonly from: number; readonly to: number; readonly at: Uint8Array },
  part: Look,
): void {
  let from = range.from;
  for (let to = from; to <= range.to; to++) {
    if (to < range.to && range.at[bytes[to] ?? 0] === 0) continue;
    if (to - from >= shortest) part(from, to);
    from = to + 1;
  }
}
