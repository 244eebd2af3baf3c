import { usageError } from '../errors.js';
import { jsonObject } from '../ingest/ndjson.js';
import { columnOf, type ImportColumn, type RowCause } from './columns.js';

/** A row's values by column; what says nothing is missing. Lists come as lists, or as texts that hold one. */
export type Cells = ReadonlyMap<ImportColumn, string | readonly string[]>;

/** A row that holds no cells, and why. */
export interface UnreadableRow {
  readonly cause: RowCause;
  readonly column: ImportColumn | null;
}

export interface ImportFile {
  /** As the person named it. */
  readonly source: string;
  readonly ignoreUnknown: boolean;
}

/** For each field of a CSV row its column; null: left out. */
export type Header = readonly (ImportColumn | null)[];

/** @throws KeyctlError 2 for a column that is unknown or there twice; a name that may be a secret is not told */
export function readHeader(fields: readonly string[], file: ImportFile): Header {
  const header = fields.map((name, at) => columnOf(name) ?? unknownColumn(name, `column ${at + 1}`, file));
  const twice = header.find((column, at) => column !== null && header.indexOf(column) !== at);
  if (twice !== undefined && twice !== null) {
    throw usageError(file.source, `says ${twice} in two columns`, 'leave one of them out');
  }
  return header;
}

export function cellsOfCsv(fields: readonly string[], header: Header): Cells | UnreadableRow {
  if (fields.length !== header.length) return { cause: 'bad_columns', column: null };
  const cells = new Map<ImportColumn, string>();
  for (const [at, column] of header.entries()) {
    const text = fields[at]?.trim() ?? '';
    if (column !== null && text !== '') cells.set(column, text);
  }
  return cells;
}

/** @throws KeyctlError 2 for a field that is unknown */
export function cellsOfJson(text: string, line: number, file: ImportFile): Cells | UnreadableRow {
  const fields = jsonObject(text);
  if (fields === null) return { cause: 'bad_json', column: null };
  const cells = new Map<ImportColumn, string | readonly string[]>();
  for (const [name, value] of Object.entries(fields)) {
    const column = columnOf(name) ?? unknownColumn(name, `a field in line ${line}`, file);
    if (column === null || value === null || value === '') continue;
    const cell = cellOf(value);
    if (cell === null || cells.has(column)) return { cause: 'bad_value', column };
    if (cell !== '') cells.set(column, cell);
  }
  return cells;
}

function cellOf(value: unknown): string | readonly string[] | null {
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'number') return String(value);
  const texts = Array.isArray(value) && value.every((each): each is string => typeof each === 'string');
  return texts ? value : null;
}

/** Null when unknown columns are ignored. In a file without a header the first row stands here, and it may hold a token. */
function unknownColumn(name: string, where: string, { source, ignoreUnknown }: ImportFile): null {
  if (ignoreUnknown) return null;
  const shown = /^[a-z][a-z_ -]{0,39}$/i.test(name.trim()) ? `${where} (${name.trim()})` : where;
  throw usageError(
    source,
    `${shown} is none that keyctl knows; nothing was imported`,
    'keyctl keys import FILE --ignore-unknown, or name the columns in a first line: external_id,name,owner,token',
  );
}
