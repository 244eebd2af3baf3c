import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvText } from '../../src/render/csv-text.js';
import { clean } from '../../src/render/terminal-text.js';
import { hostile } from './hostile.js';

/** A reader of RFC 4180 of our own, so that the writer is not judged by its maker. */
function readCsv(text: string): string[][] {
  const records: string[][] = [];
  for (const found of text.matchAll(/(?:^|(,)|(\r\n))(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g)) {
    const [, comma, , quoted, bare] = found;
    if (comma === undefined) records.push([]);
    records.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
  }
  return records.slice(0, -1);
}

describe('csvText', () => {
  it('writes RFC 4180', () => {
    const at = new Date('2026-08-20T03:12:09.114Z');
    expect(
      csvText([
        ['id', 'note'],
        ['key_1', 'a,b "c"'],
        [null, ''],
        [-5, true],
        [1.5, 7n],
        [at, 'é'],
      ]),
    ).toBe('id,note\r\nkey_1,"a,b ""c"""\r\n,""\r\n-5,true\r\n1.5,7\r\n2026-08-20T03:12:09.114Z,é\r\n');
    expect(csvText([])).toBe('');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1+1', '＋1', '－1', '＠x'])(
    'disarms the formula %j',
    (text) => {
      const [[cell] = []] = readCsv(csvText([[text]]));
      expect(cell?.[0]).toBe("'");
    },
  );

  it('keeps what another separator would split in one quoted cell', () => {
    expect(csvText([['a;=1+1', ' x', 'b|=2']])).toBe('"a;=1+1"," x","b|=2"\r\n');
  });

  it.each(hostile)('writes one record on one line that no terminal obeys: %s', (_trick, text) => {
    const csv = csvText([['first', text, 'last']]);
    expect(csv.endsWith('\r\n')).toBe(true);
    expect(csv.slice(0, -2)).toBe(clean(csv.slice(0, -2)));
    expect(readCsv(csv)).toHaveLength(1);
    expect(readCsv(csv)[0]).toHaveLength(3);
  });

  it('reads back as the cleaned text, with an apostrophe where a formula was', () => {
    const cells = fc.array(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('=1', '"', ',', '\r\n', ';', '')),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(cells, (texts) => {
        const [record] = readCsv(csvText([texts]));
        expect(
          record?.map((cell, at) => (cell === clean(texts[at] ?? '') ? cell : cell.replace(/^'/, ''))),
        ).toEqual(texts.map(clean));
      }),
    );
  });
});
