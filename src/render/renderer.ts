import type { Style } from './style.js';
import type { Safe } from './terminal-text.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export type OutputFormat = 'table' | 'json' | 'ndjson' | 'csv' | 'ids';

/** What a text rendering may know of the place where it will be read. */
export interface View {
  readonly style: Style;
  /** Columns of the terminal; 80 off a terminal. */
  readonly columns: number;
  /** True where nothing limits the width, as in a pipe or a file: tables are not cut there. */
  readonly unbounded?: boolean;
  readonly now: Date;
}

/**
 * How one kind of result is shown; value in, text out. `rt.print` chooses the form once for every command.
 * `records` are the rows of ndjson and csv; `columns` the order of csv. What has no `ids` refuses `-o ids`.
 */
export interface Renderer<T> {
  text(value: T, view: View): Safe;
  json(value: T): Json;
  records?(value: T): readonly Readonly<Record<string, Json>>[];
  readonly columns?: readonly string[];
  ids?(value: T): readonly string[];
}

/** How an endless or long list is shown, row by row, in constant memory. */
export interface RowRenderer<T> {
  /** The list's name in JSON: `{"<plural>": [...], "next_cursor": null}`. */
  readonly plural: string;
  /** What JSON says before the list: of what it is, how far it reaches. */
  readonly about?: Readonly<Record<string, Json>>;
  readonly columns: readonly string[];
  /** Text of one page of rows with its heading; pages are at most 500 rows. */
  page(rows: readonly T[], view: View): Safe;
  json(row: T): Readonly<Record<string, Json>>;
  id?(row: T): string;
  /** Said instead of a table without rows. */
  readonly nothing: Safe;
}
