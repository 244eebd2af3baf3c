import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from '../../src/db/connect.js';

/** What a search for a known secret goes through: where it came from, and the bytes. */
export interface Haystack {
  readonly where: string;
  readonly bytes: Uint8Array | string;
}

/** The secret part of a token is what nobody else may hold; prefix and locator are public. */
const publicCharacters = 12;
const bodyCharacters = 64;

/**
 * A token's secret part in each encoding that a leak may hide it in, by name: raw, base64 and base64url at all three
 * alignments, hex in both cases, UTF-16 in both byte orders (latin1 text of its bytes), percent.
 */
export function encodings(token: string): (readonly [name: string, text: string])[] {
  const hidden = token.slice(publicCharacters - bodyCharacters);
  const bytes = Buffer.from(hidden);
  const little = Buffer.from(hidden, 'utf16le');
  const hex = bytes.toString('hex');
  return [
    ['raw', hidden],
    ...[0, 1, 2].flatMap((cut): [string, string][] => {
      const text = aligned(bytes, cut);
      const wide = aligned(little, cut);
      return [
        [`base64 at ${cut}`, text],
        [`base64url at ${cut}`, text.replace(/\+/g, '-').replace(/\//g, '_')],
        [`base64 of UTF-16 at ${cut}`, wide],
      ];
    }),
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['UTF-16LE', little.toString('latin1')],
    ['UTF-16BE', Buffer.from(little).swap16().toString('latin1')],
    ['percent', hex.replace(/../g, '%$&')],
    ['PERCENT', hex.toUpperCase().replace(/../g, '%$&')],
  ];
}

/** What stands in the middle of any base64 text that holds the bytes at that alignment: whole groups of three. */
function aligned(bytes: Uint8Array, cut: number): string {
  const length = bytes.length - cut;
  return Buffer.from(bytes.subarray(cut, cut + length - (length % 3))).toString('base64');
}

/** Where any of the tokens stands, in which encoding; empty when nowhere. */
export function canaries(tokens: readonly string[], haystacks: readonly Haystack[]): string[] {
  const needles = tokens.flatMap((token) => encodings(token));
  return haystacks.flatMap(({ where, bytes }) => {
    const text = typeof bytes === 'string' ? Buffer.from(bytes).toString('latin1') : latin1(bytes);
    return needles.filter(([, needle]) => text.includes(needle)).map(([name]) => `${where}: ${name}`);
  });
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Every file below a directory, but not the targets of sinks; names are searched as well. */
export async function filesBelow(directory: string, targets: readonly string[] = []): Promise<Haystack[]> {
  const found: Haystack[] = [];
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    found.push({ where: `the name ${path}`, bytes: path });
    if (targets.includes(path) || !(await lstat(path)).isFile()) continue;
    found.push({ where: path, bytes: await readFile(path) });
  }
  return found;
}

/** The whole database, row by row as text: every column of every table and view of ours, whatever its type. */
export async function databaseRows({ sql }: Connection): Promise<Haystack[]> {
  const tables = await sql`
    select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`;
  const found: Haystack[] = [];
  for (const { name } of tables) {
    const rows = await sql.unsafe(`select t::text as row from ${name} t`);
    found.push({ where: `table ${name}`, bytes: rows.map(({ row }) => row).join('\n') });
  }
  return found;
}
