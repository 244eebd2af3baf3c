import { cutTokens } from '../cut-tokens.js';
import { fingerprint } from '../token.js';
import { tokensIn } from '../token-scan.js';
import { eventMaker, type LogEvent } from './event.js';
import { lineIds } from './event-id.js';
import { afterTomorrow } from './event-time.js';
import { formatReader, type LogFormat } from './formats.js';
import type { KeyField } from './key-field.js';
import { isReject, type RejectCause } from './reject.js';

/** A whole token of ours that stood in a log. Its text is a secret and goes no further; the fingerprint tells whether it is the key's. */
export interface ExposedToken {
  readonly keyId: string;
  readonly fingerprint: string;
}

/** Where goes what a log holds. */
export interface LogSink {
  event(event: LogEvent, id: string): void;
  /** The line as it came, without tokens of ours; of a very long one the beginning. */
  rejected(cause: RejectCause, line: Buffer): void;
  exposed(token: ExposedToken): void;
}

export interface LogReader {
  push(chunk: Uint8Array): void;
  /** The last line, when no newline stands behind it. */
  end(): void;
}

/** 64 base62 characters behind an underscore: all tokens have it, and next to nothing else. */
const tokenShape = /_[0-9A-Za-z]{64}/;
/** How JSON and URLs can spell any character of a token. */
const escapedAscii = /(?:\\u00|%)([2-7][0-9a-fA-F])/g;

/**
 * Reads a log, chunk by chunk, in constant memory. Nothing in it stops the reading: what is no event is rejected with
 * its cause. Tokens of ours are cut out of whatever leaves here, wherever in the line they stood.
 */
export function logReader(
  input: { readonly format: LogFormat; readonly keyField: KeyField; readonly now: Date },
  sink: LogSink,
): LogReader {
  const { cutter, read } = formatReader(input.format, input.keyField);
  const make = eventMaker(afterTomorrow(input.now));
  const idOfLine = lineIds();

  /** The line as its tokens are spelled plainly, when there is one in it. */
  function withToken(line: string): string | null {
    if (tokenShape.test(line)) return line;
    if (!line.includes('\\u00') && !line.includes('%5F') && !line.includes('%5f')) return null;
    const plain = line.replace(escapedAscii, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return tokenShape.test(plain) ? plain : null;
  }

  /** The line as it may be kept. A piece of a long line may end in the middle of a token: what is left of it goes too. */
  function kept(line: string, whole: boolean): string {
    const plain = withToken(line);
    const cut = plain === null ? line : cutTokens(plain).text;
    return whole ? cut : cut.replace(/[0-9A-Za-z_\\]{1,600}$/, '');
  }

  function report(plain: string): void {
    for (const { token, id } of tokensIn(plain)) {
      if (token !== null) sink.exposed({ keyId: id, fingerprint: fingerprint(token) });
    }
  }

  return cutter({
    record(text) {
      const plain = withToken(text);
      if (plain !== null) report(plain);
      const raw = read(text);
      const event = isReject(raw) ? raw : make(raw, plain !== null);
      if (isReject(event)) sink.rejected(event.cause, Buffer.from(kept(text, true)));
      else sink.event(event, event.requestId ?? idOfLine(text));
    },
    broken(cause, bytes) {
      // One byte, one character: whatever it is, it comes back as it was.
      const text = bytes.toString('latin1');
      const plain = withToken(text);
      if (plain !== null) report(plain);
      sink.rejected(cause, Buffer.from(kept(text, cause !== 'too_long'), 'latin1'));
    },
  });
}
