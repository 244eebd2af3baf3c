import { Secret } from './secret.js';
import { advance, type Position, startOfText } from './text-position.js';
import { bodyLength, idOf, locatorLength, maxPrefixLength } from './token.js';
import { bodyRun, longestPrefixStart, nextAnchor, tokenStart } from './token-match.js';

export interface FoundToken {
  /**
   * `full`: the checksum is right. `redacted`: prefix and locator with a mark behind; only a look-up can confirm it.
   * `foreign`: the token of an imported key, known by its digest (word-scan.ts); it has no id, prefix and locator.
   */
  readonly kind: 'full' | 'redacted' | 'foreign';
  readonly token: Secret | null;
  readonly id: string;
  /** Exact for a full token; for a redacted one the longest that fits, which word characters before it may lengthen. */
  readonly prefix: string;
  readonly locator: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in Unicode characters of the line. */
  readonly column: number;
  /** From 0, in bytes of the UTF-8 text. */
  readonly offset: number;
}

export interface TokenScanner {
  /** The tokens that end in the text seen so far and were not told yet. */
  push(chunk: Uint8Array | string): FoundToken[];
  /** The tokens at the very end; the scanner is then ready for another text. */
  end(): FoundToken[];
}

const pieceBytes = 64 * 1024;
/** An anchor is judged when all that can belong to it is there: the body, or up to 63 characters and a mark of 3 bytes. */
const lookAhead = 1 + bodyLength + 3;

/** Finds tokens in a text that comes in chunks of any size, in constant memory. Any bytes are allowed. */
export function tokenScanner(): TokenScanner {
  const work = Buffer.allocUnsafe(pieceBytes + lookAhead + maxPrefixLength);
  const position: Position = { ...startOfText };
  let held = 0;
  let judged = 0;
  let halfPair = '';

  function scan(length: number, upTo: number): FoundToken[] {
    const found: FoundToken[] = [];
    let counted = 0;
    // Without this a locator could be read out of what an earlier piece left behind.
    work.fill(0, length, length + lookAhead);
    for (let at = nextAnchor(work, judged, upTo); at >= 0; at = nextAnchor(work, at + 1, upTo)) {
      const match = matchAt(work, at);
      if (match === null) continue;
      advance(position, work, counted, match.start);
      counted = match.start;
      found.push(describe(work, at, match, position));
    }
    const kept = Math.max(counted, upTo - maxPrefixLength, 0);
    advance(position, work, counted, kept);
    work.copyWithin(0, kept, length);
    held = length - kept;
    judged = upTo - kept;
    return found;
  }

  function take(bytes: Uint8Array): FoundToken[] {
    const found: FoundToken[] = [];
    for (let from = 0; from < bytes.length; from += pieceBytes - lookAhead) {
      const piece = bytes.subarray(from, from + pieceBytes - lookAhead);
      work.set(piece, held);
      const length = held + piece.length;
      found.push(...scan(length, Math.max(judged, length - lookAhead)));
    }
    return found;
  }

  return {
    push(chunk) {
      if (typeof chunk !== 'string') return take(chunk);
      const text = halfPair + chunk;
      // A surrogate pair cut in two would become two replacement characters and shift every column after it.
      const cut = /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
      halfPair = text.slice(cut);
      return [...slices(text.slice(0, cut))].flatMap((slice) => take(Buffer.from(slice)));
    },
    end() {
      const found = take(Buffer.from(halfPair));
      halfPair = '';
      found.push(...scan(held, held));
      held = 0;
      judged = 0;
      Object.assign(position, startOfText);
      return found;
    },
  };
}

/** Every token in the source, in order, with the place where it stands. */
export async function* scanTokens(
  source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): AsyncGenerator<FoundToken, void, void> {
  const scanner = tokenScanner();
  for await (const chunk of source) yield* scanner.push(chunk);
  yield* scanner.end();
}

/** Every token in a text that is in memory already. */
export function tokensIn(text: Uint8Array | string): FoundToken[] {
  const scanner = tokenScanner();
  return [...scanner.push(text), ...scanner.end()];
}

interface Match {
  readonly kind: 'full' | 'redacted';
  readonly start: number;
}

function matchAt(bytes: Uint8Array, anchor: number): Match | null {
  const run = bodyRun(bytes, anchor);
  const full = run === bodyLength;
  if (!full && !markAt(bytes, anchor + 1 + run)) return null;
  const start = full ? tokenStart(bytes, anchor) : longestPrefixStart(bytes, anchor);
  return start < 0 ? null : { kind: full ? 'full' : 'redacted', start };
}

/** What people and programs put behind a cut token: `**`, `...`, `…` or `••`. One star alone is Markdown. */
function markAt(bytes: Uint8Array, at: number): boolean {
  const [a, b, c] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  if (a === 0x2a) return b === 0x2a;
  if (a === 0x2e) return b === 0x2e && c === 0x2e;
  return a === 0xe2 && b === 0x80 && (c === 0xa6 || c === 0xa2);
}

function describe(bytes: Buffer, anchor: number, match: Match, position: Position): FoundToken {
  const locator = bytes.toString('latin1', anchor + 1, anchor + 1 + locatorLength);
  const whole = match.kind === 'full' ? bytes.toString('latin1', match.start, anchor + 1 + bodyLength) : null;
  return {
    kind: match.kind,
    token: whole === null ? null : new Secret(whole),
    id: idOf(locator),
    prefix: bytes.toString('latin1', match.start, anchor),
    locator,
    ...position,
  };
}

function* slices(text: string): Generator<string, void, void> {
  for (let from = 0; from < text.length; ) {
    let to = from + pieceBytes;
    if (/[\ud800-\udbff]/.test(text.charAt(to - 1))) to++;
    yield text.slice(from, to);
    from = to;
  }
}
