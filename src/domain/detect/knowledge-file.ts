import { usageError } from '../errors.js';
import type { Place } from './activity.js';
import { type PrefixTable, prefixTable } from './prefix-table.js';

/** What the columns of a prefix table may be called; without a heading they come in this order. */
const columns: Readonly<Record<string, readonly string[]>> = {
  prefix: ['prefix', 'network', 'cidr'],
  asn: ['asn', 'as', 'autonomous_system_number'],
  country: ['country', 'country_code', 'country_iso_code'],
  lat: ['lat', 'latitude'],
  lon: ['lon', 'long', 'longitude'],
};

/**
 * Reads a table of networks: one a line, `prefix,asn,country,lat,lon`, what is not known left empty, with or without a
 * heading; lines that begin with # are comments.
 * @throws KeyctlError 2 naming the line
 */
export function parsePrefixTable(flag: string, name: string, text: string): PrefixTable<Place> {
  const table = prefixTable<Place>();
  let order = Object.keys(columns);
  let first = true;
  for (const { line, number } of linesOf(text)) {
    const cells = line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
    const heading = first ? headingOf(cells) : null;
    first = false;
    if (heading !== null) {
      order = heading;
      continue;
    }
    const cell = (column: string) => cells[order.indexOf(column)] ?? '';
    const refuse = (problem: string) =>
      usageError(flag, `${name} line ${number}: ${problem}`, '198.51.100.0/24,64500,DE,52.52,13.40');
    const place: Place = {
      asn: numberIn(cell('asn').replace(/^AS/i, ''), 0, 4_294_967_295),
      country: cell('country') === '' ? null : cell('country').toUpperCase(),
      lat: numberIn(cell('lat'), -90, 90),
      lon: numberIn(cell('lon'), -180, 180),
    };
    if (place.country !== null && !/^[A-Z]{2}$/.test(place.country)) throw refuse('a country is two letters');
    for (const [column, value] of Object.entries(place))
      if (Number.isNaN(value)) throw refuse(`"${shown(cell(column))}" is no ${column}`);
    if (!table.add(cell('prefix'), place)) throw refuse(`"${shown(cell('prefix'))}" is no network`);
  }
  return table;
}

/**
 * Reads a list of addresses and networks, one a line; what follows a # is a comment.
 * @param list the name that findings show
 * @throws KeyctlError 2 naming the line
 */
export function parseIpList(flag: string, list: string, text: string): PrefixTable<string> {
  const table = prefixTable<string>();
  for (const { line, number } of linesOf(text)) {
    const address = line.split(/[\s#;,]/)[0] ?? '';
    if (table.add(address, list)) continue;
    throw usageError(
      flag,
      `${list} line ${number}: "${shown(address)}" is no address or network`,
      '198.51.100.17, or 2001:db8::/32',
    );
  }
  return table;
}

function* linesOf(text: string): Generator<{ readonly line: string; readonly number: number }> {
  let number = 0;
  for (const raw of text.split('\n')) {
    number += 1;
    const line = raw.replace(/^\ufeff/, '').trim();
    if (line !== '' && !line.startsWith('#')) yield { line, number };
  }
}

/** The columns in the order of the heading; null when the line is none. */
function headingOf(cells: readonly string[]): string[] | null {
  const names = cells.map((cell) => {
    const word = cell.toLowerCase();
    return Object.keys(columns).find((column) => columns[column]?.includes(word)) ?? '';
  });
  return names.includes('prefix') ? names : null;
}

/** Null for an empty cell, NaN for anything that is no such number. */
function numberIn(text: string, least: number, most: number): number | null {
  if (text === '') return null;
  const value = /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : Number.NaN;
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
