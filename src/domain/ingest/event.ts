import { toInet } from '../cidr.js';
import { cutTokens } from '../cut-tokens.js';
import { type EventTime, eventTimes } from './event-time.js';
import { presentedTexts } from './presented.js';
import { isReject, type Reject, type RejectCause, rejects } from './reject.js';

/** One event of a log, ready to be stored: every value fits its column (drizzle/0001_usage.sql). */
export interface LogEvent {
  readonly time: EventTime;
  /** What names the key; the kernel looks it up. */
  readonly presented: string;
  readonly keyVersion: number | null;
  readonly method: string | null;
  readonly endpoint: string | null;
  readonly object: string | null;
  readonly feature: string | null;
  readonly status: number | null;
  /** Null where the text is no address (F21). */
  readonly ip: string | null;
  readonly ipText: string | null;
  readonly userAgent: string | null;
  readonly bytes: number | null;
  readonly latencyMs: number | null;
  readonly tokens: number | null;
  readonly costUsd: string | null;
  readonly model: string | null;
  readonly requestId: string | null;
}

/** What a format's reader picks out of a record; nothing of it is checked yet. */
export interface RawEvent {
  readonly time: unknown;
  readonly key: unknown;
  readonly keyVersion?: unknown;
  readonly method?: unknown;
  /** With or without its query, which is not stored. */
  readonly endpoint?: unknown;
  readonly object?: unknown;
  readonly feature?: unknown;
  readonly status?: unknown;
  readonly ip?: unknown;
  readonly userAgent?: unknown;
  readonly bytes?: unknown;
  readonly latencyMs?: unknown;
  readonly tokens?: unknown;
  readonly costUsd?: unknown;
  readonly model?: unknown;
  readonly requestId?: unknown;
}

/**
 * Longest texts, in bytes. An entry of an index must stay under 2.7 kB: (endpoint, ip_text) of the breakdown and
 * (presented, id) of the strays' primary key do.
 */
const longestField = {
  presented: 1000,
  endpoint: 2000,
  ipText: 500,
  requestId: 500,
  userAgent: 16_384,
  object: 16_384,
  other: 500,
} as const;

const mostKnownAddresses = 20_000;
const int32 = 2 ** 31 - 1;

/**
 * Checks and converts what a reader picked; the first thing wrong is the cause of the rejection.
 * @param latest the first moment that is after tomorrow, in milliseconds since 1970
 */
export function eventMaker(latest: number): (raw: RawEvent, holdsToken: boolean) => LogEvent | Reject {
  const timeOf = eventTimes(latest);
  const presentedOf = presentedTexts();
  const addressOf = knownAddresses();
  let cause: RejectCause | null = null;
  let cutting = false;

  /** A text as it came; null when there is none. */
  function text(value: unknown, longest: number): string | null {
    if (value === undefined || value === null || value === '') return null;
    const given = typeof value === 'string' ? value : plainText(value);
    if (given === null || given.includes('\0') || !wellFormed(given)) {
      cause ??= 'bad_text';
      return null;
    }
    const kept = cutting ? cutTokens(given).text : given;
    // A character of UTF-16 takes at most three bytes of UTF-8.
    if (kept.length * 3 > longest && Buffer.byteLength(kept) > longest) cause ??= 'too_long';
    return kept;
  }

  function whole(value: unknown, most: number): number | null {
    if (value === undefined || value === null || value === '' || value === '-') return null;
    const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 && number <= most)
      return number;
    cause ??= 'bad_number';
    return null;
  }

  function rounded(value: unknown): number | null {
    const number =
      typeof value === 'string' && /^\d{1,10}(?:\.\d{1,12})?$/.test(value) ? Number(value) : value;
    return whole(typeof number === 'number' ? Math.round(number) : number, int32);
  }

  /** numeric(14, 6): eight digits before the point. */
  function money(value: unknown): string | null {
    if (value === undefined || value === null || value === '') return null;
    const number =
      typeof value === 'string' && /^\d{1,8}(?:\.\d{1,15})?$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && number >= 0 && number < 99_999_999) return number.toFixed(6);
    cause ??= 'bad_number';
    return null;
  }

  return (raw, holdsToken) => {
    cause = null;
    cutting = false;
    const key = text(raw.key, 65_536);
    const presented = key === null ? '' : presentedOf(key);
    if (cause === null && presented === '') return rejects.no_key;
    const time = timeOf(raw.time);
    if (isReject(time)) return time;
    cutting = holdsToken;
    const ipText = text(raw.ip, longestField.ipText);
    const event: LogEvent = {
      time,
      presented: text(presented, longestField.presented) ?? '',
      keyVersion: whole(raw.keyVersion, int32),
      method: text(raw.method, longestField.other),
      endpoint: pathOf(text(raw.endpoint, 65_536)),
      object: text(raw.object, longestField.object),
      feature: text(raw.feature, longestField.other),
      status: whole(raw.status, 999),
      ip: ipText === null ? null : addressOf(ipText),
      ipText,
      userAgent: text(raw.userAgent, longestField.userAgent),
      bytes: whole(raw.bytes, Number.MAX_SAFE_INTEGER),
      latencyMs: rounded(raw.latencyMs),
      tokens: whole(raw.tokens, Number.MAX_SAFE_INTEGER),
      costUsd: money(raw.costUsd),
      model: text(raw.model, longestField.other),
      requestId: text(raw.requestId, longestField.requestId),
    };
    if (event.endpoint !== null) text(event.endpoint, longestField.endpoint);
    return cause === null ? event : rejects[cause];
  };
}

function plainText(value: unknown): string | null {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** Half a surrogate pair cannot be stored as UTF-8; it comes out of JSON's \u escapes only. */
function wellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/.test(text) || !/\p{Cs}/u.test(text);
}

/** A query is not stored: it holds what users typed, and sometimes keys. */
function pathOf(endpoint: string | null): string | null {
  if (endpoint === null) return null;
  const query = endpoint.indexOf('?');
  return query < 0 ? endpoint : endpoint.slice(0, query) || null;
}

function knownAddresses(): (text: string) => string | null {
  const known = new Map<string, string | null>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const address = toInet(text);
    if (known.size >= mostKnownAddresses) known.clear();
    // Copies, as in presented.ts.
    known.set(Buffer.from(text).toString(), address === null ? null : Buffer.from(address).toString());
    return address;
  };
}
