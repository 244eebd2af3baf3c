import { array, assert as check, constantFrom, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExportColumn } from '../../../src/domain/export-columns.js';
import { fieldsNdjson } from '../../../src/render/export/fields-ndjson.js';
import { copyOut } from './copy-out.js';
import { storable } from './payloads.js';

const columns: readonly ExportColumn[] = [
  { name: 'at', kind: 'time' },
  { name: 'text', kind: 'text' },
  { name: 'count', kind: 'number' },
];
const encoder = fieldsNdjson(columns);

function linesOf(rows: Parameters<typeof copyOut>[0]): string[] {
  const { bytes, rows: count } = encoder.encode(copyOut(rows));
  const lines = Buffer.from(bytes).toString().split('\n');
  expect(lines.pop()).toBe('');
  expect(lines).toHaveLength(count);
  return lines;
}

const at = '2026-11-21 09:12:13.5511+00';

describe('rows of COPY as NDJSON', () => {
  it('writes times with microseconds, numbers as they are, nulls as nulls', () => {
    expect(
      linesOf([
        [at, 'x', '42'],
        [null, null, null],
        ['2026-11-21 09:12:13+00', '', '-0.500000'],
      ]),
    ).toEqual([
      '{"at":"2026-11-21T09:12:13.551100Z","text":"x","count":42}',
      '{"at":null,"text":null,"count":null}',
      '{"at":"2026-11-21T09:12:13.000000Z","text":"","count":-0.500000}',
    ]);
  });

  it('cuts times off after milliseconds where that is asked for', () => {
    const { bytes } = fieldsNdjson([{ name: 'at', kind: 'time' }], 3).encode(
      copyOut([['2026-11-21 09:12:13.551999+00'], ['2026-11-21 09:12:13+00'], ['2026-11-21 09:12:13.5+00']]),
    );
    expect(Buffer.from(bytes).toString()).toBe(
      '{"at":"2026-11-21T09:12:13.551Z"}\n{"at":"2026-11-21T09:12:13.000Z"}\n{"at":"2026-11-21T09:12:13.500Z"}\n',
    );
  });

  it('writes what JSON has no word for as a text', () => {
    expect(
      linesOf([
        ['infinity', 'x', 'NaN'],
        ['-infinity', 'x', '-Infinity'],
        ['12026-01-01 00:00:00+00', 'x', '1'],
      ]),
    ).toEqual([
      '{"at":"infinity","text":"x","count":"NaN"}',
      '{"at":"-infinity","text":"x","count":"-Infinity"}',
      '{"at":"12026-01-01 00:00:00+00","text":"x","count":1}',
    ]);
  });

  it.each(storable)('a value stays that value, on its line: %s', (_trick, text) => {
    const [line = '', next = ''] = linesOf([
      [at, text, '1'],
      [at, 'after', '2'],
    ]);
    expect(JSON.parse(line)).toEqual({ at: '2026-11-21T09:12:13.551100Z', text, count: 1 });
    expect(JSON.parse(next)).toMatchObject({ text: 'after', count: 2 });
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
  });

  it('any text comes back, whatever stands around it', () => {
    const any = oneof(
      string({ unit: 'binary' }),
      string({ unit: constantFrom(...'\\Nntvb"\t\n\v\u0001é雪 x') }),
    );
    check(
      property(array(any, { minLength: 1, maxLength: 20 }), (texts) => {
        const whole = texts.map((text) => text.replaceAll('\0', ''));
        const lines = linesOf(whole.map((text, n) => [at, text, String(n)]));
        expect(lines.map((line) => JSON.parse(line).text)).toEqual(whole);
      }),
    );
  });

  it('has room for the longest that a row can become', () => {
    const longest = '\u0001'.repeat(5000);
    expect(linesOf([[at, longest, '1']]).map((line) => JSON.parse(line).text)).toEqual([longest]);
    const shortest = Array.from({ length: 5000 }, () => [null, null, null]);
    expect(linesOf(shortest)).toHaveLength(5000);
    const digits = Array.from({ length: 500 }, (_, n) => ['2026-11-21 09:12:13+00', '', String(n)]);
    expect(linesOf(digits)).toHaveLength(500);
  });
});
