import type { ExportEncoder } from '../../actions/export-meter.js';
import { type CopyField, copyRows } from '../../domain/copy-text.js';
import type { ExportColumn } from '../../domain/export-columns.js';
import { isoMicros } from '../../domain/stored-time.js';
import { csvText } from '../csv-text.js';
import { jsonText } from '../json-text.js';
import type { Json } from '../renderer.js';
import { textBytes } from './text-bytes.js';

/**
 * A cell that means itself: no quotes needed, nothing hidden, no formula, no separator of another dialect. Nearly every cell of
 * a log; the others go through `csvText`, which costs ten times as much.
 */
const plain = /^[\w/.](?:[ !#-+\--:<-{}~]*[!#-+\--:<-{}~])?$/;
const numeral = /^-?\d[\d.]*$/;

function cell(text: CopyField): string {
  if (text === null) return '';
  return plain.test(text) ? text : csvText([[text]]).slice(0, -2);
}

const utf8 = new TextDecoder();

/** Rows of COPY's text form as records of RFC 4180, safe in a spreadsheet and on a terminal (`csvText`). */
export function fieldsCsv(columns: readonly ExportColumn[]): ExportEncoder<Uint8Array> {
  const bytesOf = textBytes(
    (fields: readonly CopyField[]) =>
      `${fields.map((field, at) => fieldCell(field, columns[at])).join(',')}\r\n`,
  );
  return {
    heading: csvText([columns.map(({ name }) => name)]),
    encode(rows) {
      const records = copyRows(utf8.decode(rows));
      return { bytes: bytesOf(records), rows: records.length };
    },
  };
}

/** Numbers stay numbers: -5 is no formula. */
function fieldCell(field: CopyField, column: ExportColumn | undefined): string {
  if (field !== null && column?.kind === 'number' && numeral.test(field)) return field;
  if (field !== null && column?.kind === 'time' && /^\d{4}-/.test(field)) return isoMicros(field);
  return cell(field);
}

/** The same of records that were made of rows; lists and objects are JSON inside their cell. */
export function recordsCsv<Row>(
  columns: readonly string[],
  recordOf: (row: Row) => Readonly<Record<string, Json>>,
): ExportEncoder<readonly Row[]> {
  const bytesOf = textBytes((row: Row) => {
    const record = recordOf(row);
    return `${columns.map((column) => recordCell(record[column] ?? null)).join(',')}\r\n`;
  });
  return {
    heading: csvText([[...columns]]),
    encode: (rows) => ({ bytes: bytesOf(rows), rows: rows.length }),
  };
}

function recordCell(value: Json): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return cell(typeof value === 'object' && value !== null ? jsonText(value) : value);
}
