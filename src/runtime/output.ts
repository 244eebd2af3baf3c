import type { Writable } from 'node:stream';
import { usageError } from '../domain/errors.js';
import { jsonText, ndjsonLine } from '../render/json-text.js';
import type { Json, Renderer, RowRenderer } from '../render/renderer.js';
import { clean, type Safe } from '../render/terminal-text.js';
import type { Runtime } from './runtime.js';

/** The reader of stdout went away (`| head`): nothing is wrong, nothing more is to be said. */
export class ReaderGone extends Error {
  constructor() {
    super('the reader of the output is gone');
    this.name = 'ReaderGone';
  }
}

/** A full disk, say. The code is the system's: `ENOSPC`. */
export class OutputFailed extends Error {
  readonly code: string;

  constructor(cause: Error) {
    super('the output could not be written', { cause });
    this.name = 'OutputFailed';
    this.code = 'code' in cause ? String(cause.code) : 'no code';
  }
}

/** A terminal that was closed answers EIO. */
const goneCodes = ['EPIPE', 'EIO'];

/** Streams whose errors are heard. A failed write is told to who waits for it; unheard, it would also end the process. */
const heard = new WeakSet<Writable>();

/** Writes and waits until the stream takes more, so that memory stays flat however slow the reader is. */
export function writeText(stream: Writable, text: string | Uint8Array): Promise<void> {
  if (!heard.has(stream)) {
    heard.add(stream);
    stream.on('error', () => {});
  }
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error === null || error === undefined) resolve();
      else
        reject(
          'code' in error && goneCodes.includes(String(error.code))
            ? new ReaderGone()
            : new OutputFailed(error),
        );
    });
  });
}

/** One value, in the one place that chooses between table, JSON, NDJSON, CSV and ids. */
export async function printOne<T>(rt: Runtime, renderer: Renderer<T>, value: T): Promise<void> {
  await writeText(rt.machine.stdout, await formOf(rt, renderer, value));
}

async function formOf<T>(rt: Runtime, renderer: Renderer<T>, value: T): Promise<string> {
  const records = () => renderer.records?.(value) ?? [renderer.json(value) as Record<string, Json>];
  switch (rt.flags.output) {
    case 'table': {
      const text = renderer.text(value, rt.view('stdout'));
      return text === '' ? '' : `${text}\n`;
    }
    case 'json':
      return `${jsonText(renderer.json(value), rt.machine.terminal.stdout ? 2 : 0)}\n`;
    case 'ndjson':
      return records().map(ndjsonLine).join('');
    case 'csv': {
      const rows = records();
      const columns = renderer.columns ?? Object.keys(rows[0] ?? {});
      return await csvRows(columns, rows, true);
    }
    case 'ids':
      return idLines(renderer.ids?.(value));
  }
}

function idLines(ids: readonly string[] | undefined): string {
  if (ids === undefined) {
    throw usageError('--output', 'this command has no ids to print', '--output json');
  }
  return ids.map((id) => `${clean(id)}\n`).join('');
}

async function csvRows(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, Json>>[],
  heading: boolean,
): Promise<string> {
  const { csvText } = await import('../render/csv-text.js');
  const cells = rows.map((row) => columns.map((column) => cellOf(row[column] ?? null)));
  return csvText(heading ? [[...columns], ...cells] : cells);
}

/** Lists and objects inside a cell are JSON, so that nothing is lost. */
function cellOf(value: Json): string | number | boolean | null {
  return typeof value === 'object' && value !== null ? jsonText(value) : value;
}

const pageSize = 500;

/** Rows as they come: a page of them is all that is held. */
export function printEach<T>(rt: Runtime, renderer: RowRenderer<T>, rows: AsyncIterable<T>): Promise<void> {
  return printPages(rt, renderer, pagesOf(rows));
}

/** Pages as they come, each printed at once: for rows that are read in pages, or that arrive now and then. */
export async function printPages<T>(
  rt: Runtime,
  renderer: RowRenderer<T>,
  pages: AsyncIterable<readonly T[]>,
): Promise<void> {
  const { stdout } = rt.machine;
  const { output } = rt.flags;
  if (output === 'json') await writeText(stdout, listStart(renderer));
  if (output === 'csv') await writeText(stdout, await csvRows(renderer.columns, [], true));
  let printed = 0;
  for await (const page of pages) {
    if (page.length > 0) await writeText(stdout, await pageText(rt, renderer, page, printed));
    printed += page.length;
  }
  if (output === 'json') await writeText(stdout, '],"next_cursor":null}\n');
  if (output === 'table' && printed === 0 && renderer.nothing !== '')
    await writeText(stdout, `${renderer.nothing}\n`);
}

function listStart<T>({ about, plural }: RowRenderer<T>): string {
  const fields = jsonText(about ?? {}).slice(1, -1);
  return `{${fields}${fields === '' ? '' : ','}${jsonText(plural)}:[`;
}

async function pageText<T>(
  rt: Runtime,
  renderer: RowRenderer<T>,
  page: readonly T[],
  printed: number,
): Promise<string> {
  switch (rt.flags.output) {
    case 'table':
      return `${renderer.page(page, rt.view('stdout'))}\n` satisfies string as Safe;
    case 'json':
      return (printed > 0 ? ',' : '') + page.map((row) => jsonText(renderer.json(row))).join(',');
    case 'ndjson':
      return page.map((row) => ndjsonLine(renderer.json(row))).join('');
    case 'csv':
      return await csvRows(renderer.columns, page.map(renderer.json), false);
    case 'ids': {
      const { id } = renderer;
      return idLines(id === undefined ? undefined : page.map(id));
    }
  }
}

/** Full pages when rows come fast; a half page at once when the source pauses would need a clock, so it is not tried. */
async function* pagesOf<T>(rows: AsyncIterable<T>): AsyncGenerator<T[]> {
  let page: T[] = [];
  for await (const row of rows) {
    page.push(row);
    if (page.length === pageSize) {
      yield page;
      page = [];
    }
  }
  if (page.length > 0) yield page;
}
