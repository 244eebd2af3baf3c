import type { RawEvent } from './event.js';
import type { KeyField } from './key-field.js';
import { type Reject, rejects } from './reject.js';

const months: Readonly<Record<string, string>> = Object.fromEntries(
  'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'
    .split(' ')
    .map((month, at) => [month, String(at + 1).padStart(2, '0')]),
);
/** `17/May/2015:10:05:03 +0000` */
const timeLength = 26;
const timeForm = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})$/;
const requestForm = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}) (.*?)(?: HTTP\/\d(?:\.\d)?)?$/s;

/**
 * Access logs in the combined format of Apache and nginx, and the common format, which is its beginning:
 * `host ident user [time] "request" status bytes "referer" "agent"`, and whatever quoted fields a site adds behind.
 * Read by position, not by one pattern: each line costs its length, whatever stands in it. What the server escaped
 * (`\"`, `\x16`) stays as the log has it.
 */
export function combinedReader(keyField: KeyField): (line: string) => RawEvent | Reject {
  return (line) => {
    const host = line.indexOf(' ');
    const ident = line.indexOf(' ', host + 1);
    const time = timeAfter(line, ident + 1);
    if (host <= 0 || ident < 0 || time < 0) return rejects.bad_line;
    const request = quotedAt(line, time + timeLength + 2);
    const rest =
      request === null ? null : /^ (\d{3}|-) (\d+|-)(?= |$)/.exec(line.slice(request.end, request.end + 40));
    if (request === null || rest === null) return rejects.bad_line;
    const [, method = null, target = request.text] = requestForm.exec(request.text) ?? [];
    const referer = quotedAfter(line, request.end + rest[0].length);
    const agent = referer === null ? null : quotedAfter(line, referer.end);

    const key = (): string | null => {
      switch (keyField.kind) {
        case 'user':
          return line.slice(ident + 1, time - 2);
        case 'client':
          return line.slice(0, host);
        case 'query':
          return parameterOf(target, keyField.name);
        case 'quoted': {
          let field = agent;
          for (let n = 0; n < keyField.n && field !== null; n++) field = quotedAfter(line, field.end);
          return field?.text ?? null;
        }
      }
    };
    return {
      time: isoTime(line.slice(time, time + timeLength)),
      key: unlessDash(key()),
      method,
      endpoint: unlessDash(target),
      status: unlessDash(rest[1] ?? '-'),
      bytes: unlessDash(rest[2] ?? '-'),
      ip: line.slice(0, host),
      userAgent: unlessDash(agent?.text ?? '-'),
    };
  };
}

interface Quoted {
  readonly text: string;
  /** Behind the closing quote. */
  readonly end: number;
}

/** Where the time begins: behind a bracket that closes where it has to. User names may hold blanks and brackets. */
function timeAfter(line: string, from: number): number {
  for (let at = line.indexOf(' [', from); at >= 0; at = line.indexOf(' [', at + 1)) {
    if (line.startsWith('] "', at + 2 + timeLength)) return at + 2;
  }
  return -1;
}

/** The quoted field whose opening quote stands one blank behind `at`. */
function quotedAt(line: string, at: number): Quoted | null {
  if (line.charCodeAt(at) !== quote) return null;
  for (let end = line.indexOf('"', at + 1); end >= 0; end = line.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (line.charCodeAt(end - 1 - backslashes) === backslash) backslashes++;
    if (backslashes % 2 === 0) return { text: line.slice(at + 1, end), end: end + 1 };
  }
  return null;
}

/** The next quoted field; what stands unquoted before it (times, sizes) is passed over. */
function quotedAfter(line: string, from: number): Quoted | null {
  const at = line.indexOf('"', from);
  return at < 0 ? null : quotedAt(line, at);
}

const quote = 0x22;
const backslash = 0x5c;

function isoTime(text: string): string {
  const [, day, month = '', year, clock, zone] = timeForm.exec(text) ?? [];
  // A month that does not exist makes a date that does not, and the one judge of dates says so.
  return `${year}-${months[month] ?? '00'}-${day}T${clock}${zone}`;
}

function unlessDash(text: string | null): string | null {
  return text === '-' || text === '' ? null : text;
}

function parameterOf(target: string, name: string): string | null {
  const query = target.indexOf('?');
  if (query < 0) return null;
  for (const pair of target.slice(query + 1).split(/[&;]/)) {
    const equals = pair.indexOf('=');
    if (equals > 0 && decoded(pair.slice(0, equals)) === name) return decoded(pair.slice(equals + 1));
  }
  return null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
