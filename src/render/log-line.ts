import { cutTokens } from '../domain/cut-tokens.js';
import { jsonText } from './json-text.js';

declare const cleaned: unique symbol;

/** One line for a log: no newline inside, nothing a terminal obeys, no token of ours. */
export type LogLine = string & { readonly [cleaned]: true };

export type LogValue = string | number | bigint | boolean | Date | null;

/** A log line should stay one that people can read; the rest of a longer value is counted, not kept. */
const longestValue = 2000;

const bare = /^[\w.:/@+~*-]+$/;

/** `key=value` pairs in the order given (logfmt); values that are not plain words stand in quotes with JSON escapes. */
export function logLine(fields: Readonly<Record<string, LogValue>>): LogLine {
  return Object.entries(fields)
    .map(([name, value]) => `${name.replace(/[^\w.]/g, '_') || '_'}=${valueText(value)}`)
    .join(' ') as LogLine;
}

function valueText(value: LogValue): string {
  if (value === null) return 'null';
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'string') return String(value);
  const text = shortened(cutTokens(value).text);
  return bare.test(text) && text !== 'null' ? text : jsonText(text);
}

function shortened(text: string): string {
  return text.length <= longestValue
    ? text
    : `${text.slice(0, longestValue)}… (+${text.length - longestValue})`;
}
