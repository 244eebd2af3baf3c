import type { Candidate } from '../../domain/detect/finding.js';
import { isScanner, scannerPattern } from '../../domain/detect/scanner-names.js';
import { productPattern } from '../../domain/user-agent.js';

/** A finding and the keys of its family: what its query is written from. */
export interface Reproduced {
  readonly candidate: Candidate;
  readonly keys: readonly string[];
}

const plain = /^[\x20-\x5b\x5d-\x7e]*$/;

/**
 * The text as a literal of SQL, in printable ASCII on one line whatever it holds: values are hostile, and the query is shown, copied
 * and run by hand. Backslashes and all that is not printed become `U&'\0027'` escapes, which the server refuses outright when
 * `standard_conforming_strings` is off; `E''` is never used.
 */
export function quoted(value: string): string {
  const text = value.replaceAll('\0', '\ufffd').replaceAll("'", "''");
  if (plain.test(text)) return `'${text}'`;
  return `U&'${Array.from(text, escaped).join('')}'`;
}

function escaped(character: string): string {
  if (plain.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  // Half a pair is no character, and no text column holds one.
  const hex = (code >= 0xd800 && code <= 0xdfff ? 0xfffd : code).toString(16);
  return hex.length > 4 ? `\\+${hex.padStart(6, '0')}` : `\\${hex.padStart(4, '0')}`;
}

export function textArray(values: readonly string[]): string {
  return `array[${values.map(quoted).join(', ')}]::text[]`;
}

/** @param at milliseconds since 1970 */
export function instant(at: number): string {
  return `timestamptz '${new Date(at).toISOString()}'`;
}

/** A finite number as it is. */
export function numeral(value: number): string {
  return Number.isFinite(value) ? `${value}` : '0';
}

/** What detectors count as accepted. */
export const accepted = '(u.status is null or u.status < 400)';
export const refused = 'u.status in (401, 403)';
/** Whether the user agent names this program, as `programOf` has it. */
export function usedBy(program: string): string {
  if (isScanner(program)) return `u.user_agent ~* ${quoted(scannerPattern(program))}`;
  return `substring(u.user_agent from ${quoted(productPattern)}) = ${quoted(program)}`;
}

/** The rows of the finding's window: `from` and `where` of a query over `u`. */
export function inWindow({ candidate, keys }: Reproduced, ...conditions: readonly string[]): string {
  const { windowStart, windowEnd } = candidate;
  return events(keys, [windowStart, windowEnd], conditions);
}

/** The rows of the history that it was held against. */
export function inHistory({ candidate, keys }: Reproduced, ...conditions: readonly string[]): string {
  const { knownSince, knownUntil } = candidate.query;
  // Without a history nothing was usual.
  if (typeof knownSince !== 'number' || typeof knownUntil !== 'number')
    return events(keys, [candidate.windowStart, candidate.windowStart], conditions);
  return events(keys, [knownSince, knownUntil], conditions);
}

/** The same without what suspects did: it makes nothing known. */
export function learned(of: Reproduced, ...conditions: readonly string[]): string {
  const suspects = textsOf(of, 'suspects');
  if (suspects.length === 0) return inHistory(of, ...conditions);
  const others = `(u.ip_text is null or u.ip_text <> all (${textArray(suspects)}))`;
  return inHistory(of, ...conditions, others);
}

function events(
  keys: readonly string[],
  [from, until]: readonly [number, number],
  conditions: readonly string[],
): string {
  return rows('keyctl.usage_events', [
    `u.key_id = any (${textArray(keys)})`,
    ...between(from, until),
    ...conditions,
  ]);
}

/** Whoever was asked, from the finding's address in its window. */
export function ofAddress(
  table: 'usage_events' | 'stray_events',
  { candidate }: Reproduced,
  ...conditions: readonly string[]
): string {
  const address = `u.ip_text = ${quoted(candidate.ip ?? '')}`;
  return rows(`keyctl.${table}`, [
    ...between(candidate.windowStart, candidate.windowEnd),
    address,
    ...conditions,
  ]);
}

function between(from: number, until: number): readonly string[] {
  return [`u.ts >= ${instant(from)}`, `u.ts < ${instant(until)}`];
}

function rows(table: string, conditions: readonly string[]): string {
  return `from ${table} u\n   where ${conditions.join('\n     and ')}`;
}

/** The whole query: one row of what was observed and expected. */
export function answer(observed: string, low: string | number | null, high: string | number | null): string {
  const column = (value: string | number | null, name: string) =>
    `  ${value === null ? 'null' : typeof value === 'number' ? numeral(value) : `(${value})`}::float8 as ${name}`;
  return `select\n${[column(observed, 'observed'), column(low, 'expected_low'), column(high, 'expected_high')].join(',\n')}`;
}

export function textOf({ candidate }: Reproduced, name: string): string {
  const value = candidate.query[name];
  return typeof value === 'string' ? value : '';
}

export function textsOf({ candidate }: Reproduced, name: string): readonly string[] {
  const value = candidate.query[name];
  return Array.isArray(value) ? value : [];
}

export function numberOf({ candidate }: Reproduced, name: string): number {
  const value = candidate.query[name];
  return typeof value === 'number' ? value : 0;
}
