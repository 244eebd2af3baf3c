import { KeyctlError } from '../errors.js';
import type { Cells } from './cells.js';
import type { ImportColumn, RowCause } from './columns.js';

/** Thrown inside of one row only; carries nothing of what stands in it. */
export class BadRow extends Error {
  constructor(
    readonly because: RowCause,
    readonly column: ImportColumn | null = null,
  ) {
    super(because);
  }
}

/** A row's values, each read by its parser; what a parser refuses makes a bad row that names the column. */
export interface Values {
  text(column: ImportColumn): string | null;
  read<T>(column: ImportColumn, parse: (text: string) => T): T | null;
  list<T>(
    column: ImportColumn,
    parse: (text: string, earlier?: readonly T[]) => readonly T[],
  ): readonly T[] | null;
  /** The first column but `token` in which this text stands. */
  columnWith(secret: string): ImportColumn | null;
}

export function valuesOf(cells: Cells): Values {
  function text(column: ImportColumn): string | null {
    const cell = cells.get(column) ?? null;
    if (cell !== null && typeof cell !== 'string') throw new BadRow('bad_value', column);
    return cell;
  }
  function checked<T>(column: ImportColumn, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      if (error instanceof BadRow) throw new BadRow(error.because, error.column ?? column);
      throw error instanceof KeyctlError ? new BadRow('bad_value', column) : error;
    }
  }
  return {
    text,
    read(column, parse) {
      const found = text(column);
      return found === null ? null : checked(column, () => parse(found));
    },
    list<T>(column: ImportColumn, parse: (text: string, earlier?: readonly T[]) => readonly T[]) {
      const cell = cells.get(column);
      if (cell === undefined) return null;
      const parts = typeof cell === 'string' ? partsOf(cell, column) : cell;
      return checked(column, () => parts.reduce<readonly T[]>((list, part) => parse(part, list), []));
    },
    columnWith(secret) {
      for (const [column, cell] of cells) {
        if (column !== 'token' && [cell].flat().some((each) => each.includes(secret))) return column;
      }
      return null;
    },
  };
}

/** `a b`, `a,b`, `a;b`, and `{a,"b"}` as COPY writes an array. Who uses a key is told in words with blanks. */
function partsOf(text: string, column: ImportColumn): string[] {
  const plain = text.replace(/^\{(.*)\}$/s, '$1').replaceAll('"', '');
  return plain.split(column === 'used_by' ? /[,;]/ : /[\s,;]/).flatMap((part) => part.trim() || []);
}
