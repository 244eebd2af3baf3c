/** Where the records of a CSV go. */
export interface CsvSink {
  /** @param line from 1, where the record begins */
  record(fields: readonly string[], line: number): void;
  /** A quote stands where none can stand, so that nobody knows what the fields are. */
  broken(line: number): void;
}

export interface TextCutter {
  push(text: string): void;
  /** Answers the line of what was begun and never ended; null when all is well. */
  end(): number | null;
}

/** Longer records are no rows of keys: a quote was opened and not closed. */
export const longestRow = 1024 * 1024;

const delimiters = [',', ';', '\t'] as const;

/**
 * Cuts CSV (RFC 4180) into records: quoted fields with doubled quotes, line breaks inside them, CRLF or LF. Comma,
 * semicolon (Excel in much of Europe) or tab is told from the header. Strict about quotes: a guess would move values into other columns.
 * Memory holds one record. Throws RangeError for a record of more than `longestRow` characters.
 */
export function csvCutter(sink: CsvSink): TextCutter {
  let waiting = '';
  let line = 1;
  /** Where in `waiting` to go on, and how many quotes and line breaks stand before that. */
  let from = 0;
  let quotes = 0;
  let breaks = 0;
  let delimiter: string | null = null;

  function record(text: string): void {
    const plain = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (plain.trim() !== '') {
      delimiter ??= delimiterOf(plain);
      const fields = quotes === 0 ? plain.split(delimiter) : quotedFields(plain, delimiter);
      if (fields === null) sink.broken(line);
      else sink.record(fields, line);
    }
    line += breaks;
    quotes = 0;
    breaks = 0;
  }

  return {
    push(text) {
      waiting += text;
      let start = 0;
      for (let end = waiting.indexOf('\n', from); end >= 0; end = waiting.indexOf('\n', from)) {
        quotes += quotesIn(waiting, from, end);
        breaks++;
        from = end + 1;
        // A break inside of quotes belongs to its field.
        if (quotes % 2 === 1) continue;
        record(waiting.slice(start, end));
        start = from;
      }
      waiting = waiting.slice(start);
      from -= start;
      if (waiting.length > longestRow) throw new RangeError(`line ${line} begins a record that does not end`);
    },
    end() {
      quotes += quotesIn(waiting, from, waiting.length);
      const rest = waiting;
      waiting = '';
      from = 0;
      if (quotes % 2 === 1) return line;
      record(rest);
      return null;
    },
  };
}

function quotesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('"', from); at >= 0 && at < to; at = text.indexOf('"', at + 1)) count++;
  return count;
}

/** The delimiter that the header has most of; a comma where there is one column alone. */
function delimiterOf(header: string): string {
  const times = (delimiter: string) => header.split(delimiter).length;
  return delimiters.reduce<string>((best, each) => (times(each) > times(best) ? each : best), ',');
}

/** Null when a quote stands inside of a plain field, or something behind a quoted one. */
function quotedFields(text: string, delimiter: string): string[] | null {
  const fields: string[] = [];
  for (let at = 0; at <= text.length; at++) {
    if (text[at] !== '"') {
      const next = text.indexOf(delimiter, at);
      const end = next < 0 ? text.length : next;
      const field = text.slice(at, end);
      if (field.includes('"')) return null;
      fields.push(field);
      at = end;
      continue;
    }
    let end = text.indexOf('"', at + 1);
    while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
    if (end < 0) return null;
    fields.push(text.slice(at + 1, end).replaceAll('""', '"'));
    at = end + 1;
    if (at < text.length && text[at] !== delimiter) return null;
  }
  return fields;
}
