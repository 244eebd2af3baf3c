import { base62Digit } from './base62.js';
import { crc32Rewind, crc32Start } from './crc32.js';
import { bodyLength, checksumLength, locatorLength, maxPrefixLength } from './token.js';

/** Bytes or character codes: the scanner hands in bytes of UTF-8, the cutter codes of a JavaScript string. */
type Codes = ArrayLike<number>;

const underscore = 0x5f;

/** Copies for the loops: in the bundle a constant of another chunk is read by a call, which cost half of a scan. */
const locatorWindow = locatorLength;
const bodyWindow = bodyLength;

/** 1 for a base62 character, 2 for the underscore, 0 for all else. */
const kindOf = Uint8Array.from({ length: 256 }, (_, code) =>
  code === underscore ? 2 : base62Digit(code) >= 0 ? 1 : 0,
);

/**
 * The next underscore in [from, to) that is followed by a locator's 12 base62 characters; -1 when there is none.
 * Reads at most 12 codes past `to`. Leaps like Boyer-Moore-Horspool: it looks at the end of the window first.
 */
export function nextAnchor(codes: Codes, from: number, to: number): number {
  let last = from + locatorWindow;
  while (last - locatorWindow < to) {
    const first = last - locatorWindow;
    let at = last;
    while (at > first && kindOf[codes[at] ?? 0] === 1) at--;
    if (kindOf[codes[at] ?? 0] !== 2) last += locatorWindow + 1;
    else if (at > first) last = at + locatorWindow;
    else return at;
  }
  return -1;
}

/** How many base62 characters follow the anchor, counted up to the 64 of a whole token. */
export function bodyRun(codes: Codes, anchor: number): number {
  let run = 0;
  while (run < bodyWindow && kindOf[codes[anchor + 1 + run] ?? 0] === 1) run++;
  return run;
}

/**
 * Where the token around this anchor begins, or -1 when no beginning has the right checksum. 64 base62 characters
 * must follow. Word characters may touch the token on both sides (URLs, JSON escapes, names glued to it), so any of
 * up to 32 beginnings is possible; the checksum covers the prefix, and run backwards (crc32Rewind) it names the one.
 */
export function tokenStart(codes: Codes, anchor: number): number {
  const end = anchor + 1 + bodyLength;
  let wanted = 0;
  for (let at = end - checksumLength; at < end; at++) wanted = wanted * 62 + base62Digit(codes[at] ?? 0);
  if (wanted > 0xffffffff) return -1;

  let register = (wanted ^ 0xffffffff) >>> 0;
  for (let at = end - checksumLength - 1; at >= anchor; at--)
    register = crc32Rewind(register, codes[at] ?? 0);
  for (let at = anchor - 1; at >= anchor - maxPrefixLength && prefixGoesOn(codes, at); at--) {
    register = crc32Rewind(register, codes[at] ?? 0);
    if (register === crc32Start && isLetter(codes[at] ?? 0)) return at;
  }
  return -1;
}

/** The longest beginning a prefix before this anchor can have, or -1: a redacted token has no checksum to ask. */
export function longestPrefixStart(codes: Codes, anchor: number): number {
  let start = -1;
  for (let at = anchor - 1; at >= anchor - maxPrefixLength && prefixGoesOn(codes, at); at--) {
    if (isLetter(codes[at] ?? 0)) start = at;
  }
  return start;
}

/** True when the code at `at` may stand in a prefix before the one at `at + 1`. */
function prefixGoesOn(codes: Codes, at: number): boolean {
  const code = codes[at] ?? 0;
  if (code === underscore) return codes[at + 1] !== underscore;
  return isLetter(code) || (code >= 48 && code <= 57);
}

function isLetter(code: number): boolean {
  return code >= 97 && code <= 122;
}
