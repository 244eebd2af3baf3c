import { TextDecoder } from 'node:util';
import type { RandomBytes } from '../base62.js';
import { type KeyctlError, usageError } from '../errors.js';
import {
  type Cells,
  cellsOfCsv,
  cellsOfJson,
  type Header,
  type ImportFile,
  readHeader,
  type UnreadableRow,
} from './cells.js';
import type { RowProblem } from './columns.js';
import { csvCutter, longestRow, type TextCutter } from './csv.js';
import { type ImportRow, rowReader } from './row.js';

export const importFormats = ['csv', 'ndjson'] as const;

export type ImportFormat = (typeof importFormats)[number];

/** What is read of a file of keys, row by row. */
export interface ImportSink {
  row(row: ImportRow): void;
  rejected(problem: RowProblem): void;
  /** Before the first row that has a plaintext token. */
  tokens(): void;
}

export interface ImportReader {
  /** @throws KeyctlError 2 when the file as a whole cannot be read; it says that nothing was imported */
  push(chunk: Uint8Array): void;
  end(): void;
}

/** By the name, else by the first character of the content. A compressed file is named for what is in it. */
export function importFormatOf(name: string, head: Uint8Array): ImportFormat {
  const [, ending] = /\.(csv|tsv|ndjson|jsonl|json)(?:\.gz)?$/i.exec(name) ?? [];
  if (ending !== undefined) return /^[ct]sv$/i.test(ending) ? 'csv' : 'ndjson';
  return /^\ufeff?\s*[{[]/.test(Buffer.from(head).toString('utf8')) ? 'ndjson' : 'csv';
}

/**
 * Reads a file of keys, chunk by chunk, in constant memory. A row that cannot be a key is rejected with its cause; what makes
 * the whole file doubtful (no UTF-8, an unknown column, a quote that never ends) is thrown.
 */
export function importReader(
  input: ImportFile & {
    readonly format: ImportFormat;
    readonly now: Date;
    readonly randomBytes: RandomBytes;
  },
  sink: ImportSink,
): ImportReader {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const read = rowReader(input);
  let header: Header | null = null;
  let told = false;

  function take(cells: Cells | UnreadableRow, line: number): void {
    if (!('get' in cells)) {
      sink.rejected({ line, ...cells });
      return;
    }
    if (!told && cells.has('token')) {
      told = true;
      sink.tokens();
    }
    const row = read(cells, line);
    if ('cause' in row) sink.rejected(row);
    else sink.row(row);
  }

  const cutter: TextCutter =
    input.format === 'ndjson'
      ? lineCutter((text, line) => take(cellsOfJson(text, line, input), line))
      : csvCutter({
          record(fields, line) {
            if (header === null) header = readHeader(fields, input);
            else take(cellsOfCsv(fields, header), line);
          },
          broken(line) {
            if (header === null) throw unreadable(input.source, 'its first line is no header of CSV');
            sink.rejected({ line, cause: 'bad_csv', column: null });
          },
        });

  let begun = false;
  function refuseArray(text: string): void {
    if (begun || input.format !== 'ndjson' || text.trim() === '') return;
    begun = true;
    if (text.trimStart().startsWith('['))
      throw unreadable(
        input.source,
        'is one JSON array, not an object a line',
        "jq -c '.[]' FILE | keyctl keys import -",
      );
  }

  function decoded(chunk?: Uint8Array): string {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw unreadable(input.source, 'is not UTF-8', 'iconv -f latin1 -t utf-8 FILE | keyctl keys import -');
    }
  }

  return {
    push(chunk) {
      const text = decoded(chunk);
      refuseArray(text);
      try {
        cutter.push(text);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw unreadable(input.source, `${error.message} within ${longestRow} characters`);
      }
    },
    end() {
      cutter.push(decoded());
      const line = cutter.end();
      if (line !== null)
        throw unreadable(input.source, `a quote in the record of line ${line} is never closed`);
      if (input.format === 'csv' && header === null) throw unreadable(input.source, 'is empty');
    },
  };
}

function unreadable(
  source: string,
  why: string,
  hint = 'keyctl keys import FILE --format csv, or --format ndjson',
): KeyctlError {
  return usageError(source, `${why}; nothing was imported`, hint);
}

/** Lines with their numbers; blank ones are passed over. */
function lineCutter(record: (text: string, line: number) => void): TextCutter {
  let waiting = '';
  let line = 1;
  const take = (text: string) => {
    if (text.trim() !== '') record(text, line);
    line++;
  };
  return {
    push(text) {
      const lines = (waiting + text).split('\n');
      waiting = lines.pop() ?? '';
      for (const each of lines) take(each);
      if (waiting.length > longestRow) throw new RangeError(`line ${line} does not end`);
    },
    end() {
      take(waiting);
      return null;
    },
  };
}
