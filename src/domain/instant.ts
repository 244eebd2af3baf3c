import { parseDuration, roughDuration } from './duration.js';
import { usageError } from './errors.js';

/** An end that was typed: a span from the moment the database acts at, or a moment. */
export type Deadline =
  | { readonly kind: 'after'; readonly seconds: number }
  | { readonly kind: 'at'; readonly at: Date };

const dateForm = /^(\d{4})-(\d\d)-(\d\d)$/;
/** RFC 3339 section 5.6, with the blank its note allows in place of T: it is what psql prints. */
const timeForm = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?$/;

const secondMs = 1000;

/**
 * A moment in the past tense (`--since`, `--until`, `--at`): a duration back from `now`, a date (midnight UTC), or an
 * RFC 3339 time, to the millisecond. Throws a usage error naming the flag.
 */
export function parseInstant(flag: string, text: string, now: Date): Date {
  const example = `${flag} 7d, or 2026-08-20, or 2026-08-20T03:12:09Z`;
  return parseMoment(flag, text, example) ?? new Date(now.getTime() - parseDuration(flag, text) * secondMs);
}

/**
 * An end (`--expires`, `--on`): `90d` from the moment it is set, a date (midnight UTC) or an RFC 3339 time. A span is
 * handed on as a span, because deadlines are counted by the database's clock (F13).
 */
export function parseDeadline(flag: string, text: string): Deadline {
  const at = parseMoment(flag, text, `${flag} 90d, or 2027-01-31, or 2027-01-31T18:00:00Z`);
  return at === null ? { kind: 'after', seconds: parseDuration(flag, text) } : { kind: 'at', at };
}

/** The same as a moment, refused when it is not after `now`. */
export function parseFutureInstant(flag: string, text: string, now: Date): Date {
  const deadline = parseDeadline(flag, text);
  const at = deadline.kind === 'at' ? deadline.at : new Date(now.getTime() + deadline.seconds * secondMs);
  if (at <= now) throw usageError(flag, `${formatInstant(at)} is not in the future`, `${flag} 90d`);
  return at;
}

/** RFC 3339 in UTC with milliseconds: `2026-08-20T03:12:09.114Z`. */
export function formatInstant(at: Date): string {
  return at.toISOString();
}

/** The time of day in UTC, for lines that stand under their date: `03:12:09Z`. */
export function formatClock(at: Date): string {
  return `${at.toISOString().slice(11, 19)}Z`;
}

/** How long before or after `now`, in its largest unit: `4 s ago`, `in 2 d`, `now`. */
export function ago(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / secondMs;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `${roughDuration(seconds)} ago` : `in ${roughDuration(-seconds)}`;
}

/** The moment of a date or a time; null when the text is neither and should be read as a duration. */
function parseMoment(flag: string, text: string, example: string): Date | null {
  const parts = dateForm.exec(text) ?? timeForm.exec(text);
  if (parts === null) {
    if (/^\d+[-:/.]/.test(text)) throw usageError(flag, 'not a date or RFC 3339 time', example);
    return null;
  }
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0));
  const midnightOnly = dateForm.test(text);
  const zone = midnightOnly ? 'Z' : parts[8];
  if (zone === undefined) throw usageError(flag, 'a time needs its zone: end it with Z for UTC', example);
  const ms = Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3));
  const utc = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour ?? 0, minute ?? 0, second ?? 0, ms);
  // Date.UTC rolls 30 February and 24:61 over, and reads years below 100 as 19xx; what does not come back was no moment.
  const back = new Date(utc).toISOString();
  const written = midnightOnly ? `${text}T00:00:00` : `${text.slice(0, 10)}T${text.slice(11, 19)}`;
  const offset = offsetSeconds(zone);
  if (!back.startsWith(written) || offset === null) throw usageError(flag, 'no such date or time', example);
  return new Date(utc - offset * secondMs);
}

function offsetSeconds(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))];
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
}
