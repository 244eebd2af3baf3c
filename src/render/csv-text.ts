import { stringify } from 'csv-stringify/sync';
import { clean } from './terminal-text.js';

declare const cleaned: unique symbol;

/** CSV that neither a spreadsheet nor a terminal obeys. */
export type CsvText = string & { readonly [cleaned]: true };

export type CsvCell = string | number | bigint | boolean | Date | null;

/**
 * Records of RFC 4180, each ended by CRLF; null is an empty cell, an empty text `""`, times are RFC 3339. What is hidden is
 * escaped as on a terminal, line ends too, so that a record is one line; a text that a spreadsheet would calculate
 * (= + - @, tab, CR, and their full-width forms) gets an apostrophe in front. JSON is the exact twin.
 */
export function csvText(records: readonly (readonly CsvCell[])[]): CsvText {
  return stringify(
    records.map((record) => record.map(cellOf)),
    {
      escape_formulas: true,
      // Read with another separator, `a;=1+1` would fall into two cells, and the second is a formula.
      quoted_match: [/[;|]/, /^\s|\s$/, /^$/],
      record_delimiter: '\r\n',
    },
  ) as CsvText;
}

/** Numbers stay numbers: -5 is no formula. */
function cellOf(cell: CsvCell): string | number | bigint | null {
  if (cell === null || typeof cell === 'number' || typeof cell === 'bigint') return cell;
  if (typeof cell === 'boolean') return String(cell);
  if (cell instanceof Date) return cell.toISOString();
  const shown = clean(cell);
  // The escape of a leading tab or CR starts with a backslash; the apostrophe still tells what was meant as a formula.
  return /^[\t\r\n]/.test(cell) ? `'${shown}` : shown;
}
