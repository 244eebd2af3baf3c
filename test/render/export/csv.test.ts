import { describe, expect, it } from 'vitest';
import type { ExportColumn } from '../../../src/domain/export-columns.js';
import { csvText } from '../../../src/render/csv-text.js';
import { fieldsCsv, recordsCsv } from '../../../src/render/export/csv.js';
import { entryColumns, entryRecord } from '../../../src/render/export/entry-record.js';
import { copyOut } from './copy-out.js';
import { entry, storable } from './payloads.js';

/** A reader of RFC 4180, no more lenient than it says. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [[]];
  let at = 0;
  while (at < text.length) {
    const [whole = '', quoted, bare, end] =
      /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(text.slice(at)) ?? [];
    if (whole === '') throw new Error(`no cell: ${text.slice(at, at + 40)}`);
    records.at(-1)?.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'));
    if (end === '\r\n') records.push([]);
    at += whole.length;
  }
  records.pop();
  return records;
}

const columns: readonly ExportColumn[] = [
  { name: 'at', kind: 'time' },
  { name: 'text', kind: 'text' },
  { name: 'count', kind: 'number' },
];
const encoder = fieldsCsv(columns);
const csvOf = (rows: Parameters<typeof copyOut>[0]) =>
  Buffer.from(encoder.encode(copyOut(rows)).bytes).toString();
const at = '2026-11-21 09:12:13.5511+00';

describe('rows of COPY as CSV', () => {
  it('begins with the names, ends records with CRLF, tells null from nothing', () => {
    expect(encoder.heading).toBe('at,text,count\r\n');
    expect(
      csvOf([
        [at, 'x', '-5'],
        [null, null, null],
        [at, '', '0.25'],
      ]),
    ).toBe('2026-11-21T09:12:13.551100Z,x,-5\r\n,,\r\n2026-11-21T09:12:13.551100Z,"",0.25\r\n');
  });

  it.each(storable)('is what csvText says, cell by cell: %s', (_trick, text) => {
    expect(
      csvOf([
        [at, text, '1'],
        [at, 'after', '2'],
      ]),
    ).toBe(
      csvText([
        ['2026-11-21T09:12:13.551100Z', text, 1],
        ['2026-11-21T09:12:13.551100Z', 'after', 2],
      ]),
    );
  });

  it.each(storable)('is read as one cell that no spreadsheet calculates: %s', (_trick, text) => {
    const written = csvOf([[at, text, '1']]);
    const [record = []] = parseCsv(written);
    expect(record).toHaveLength(3);
    expect(record[1]).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
    expect(written.slice(0, -2)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
  });
});

describe('rows of the audit log as CSV', () => {
  const csv = recordsCsv(entryColumns, entryRecord);

  it.each(storable)('has the columns of its heading, whatever is in them: %s', (_trick, text) => {
    const rows = [
      entry({ reason: text, actorOs: text, details: { [text]: text }, record: JSON.stringify({ text }) }),
      entry({ seq: 8 }),
    ];
    const records = parseCsv(csv.heading + Buffer.from(csv.encode(rows).bytes).toString());
    expect(records[0]).toEqual([...entryColumns]);
    expect(records.map((record) => record.length)).toEqual([20, 20, 20]);
    expect(records.slice(1).map((record) => record[0])).toEqual(['7', '8']);
    for (const cell of records.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
  });
});
