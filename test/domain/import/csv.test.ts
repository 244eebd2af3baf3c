import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvCutter, longestRow } from '../../../src/domain/import/csv.js';

/** The records of a text that comes in pieces of a size, and the line of what never ended. */
function cut(text: string, size = text.length + 1) {
  const records: { fields: readonly string[]; line: number }[] = [];
  const broken: number[] = [];
  const cutter = csvCutter({
    record: (fields, line) => records.push({ fields, line }),
    broken: (line) => broken.push(line),
  });
  for (let at = 0; at < text.length; at += size) cutter.push(text.slice(at, at + size));
  return { records, broken, unended: cutter.end() };
}

const fieldsOf = (text: string, size?: number) => cut(text, size).records.map((record) => record.fields);

describe('csvCutter', () => {
  it('reads what an independent writer wrote, whatever stands in it, in pieces of any size', () => {
    const field = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[",;\t\r\n a-c]{0,12}$/));
    fc.assert(
      fc.property(
        fc
          .integer({ min: 2, max: 5 })
          .chain((width) =>
            fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
          ),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('\n' as const, '\r\n' as const),
        (rows, size, lineBreak) => {
          const header = rows[0]?.map((_, at) => `column${at}`) ?? [];
          const text = stringify([header, ...rows], { record_delimiter: lineBreak, quoted: true });
          expect(cut(text, size)).toMatchObject({ broken: [], unended: null });
          expect(fieldsOf(text, size)).toEqual([header, ...rows]);
        },
      ),
    );
  });

  it('tells the line where a record begins, past blank lines and line breaks inside of quotes', () => {
    const { records } = cut('a,b\n\n"1\n2",3\r\n\r\n4,5');
    expect(records).toEqual([
      { fields: ['a', 'b'], line: 1 },
      { fields: ['1\n2', '3'], line: 3 },
      { fields: ['4', '5'], line: 6 },
    ]);
  });

  it.each([
    [
      'a;b\n1,5;2\n',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    [
      'a\tb\n1\t2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['only\nx y\n', [['only'], ['x y']]],
  ])('tells the delimiter of %j from its header', (text, fields) => {
    expect(fieldsOf(text)).toEqual(fields);
  });

  it.each(['a,b\n1"2"3,4\n', 'a,b\n"1"2,3\n', 'a,b\n"1""2"3",4\n"\n'])(
    'does not guess at the quotes of %j',
    (text) => {
      expect(cut(text).broken).toEqual([2]);
    },
  );

  it('tells where a quote was opened that never ends', () => {
    expect(cut('a,b\n1,2\n3,"4\n5,6\n').unended).toBe(3);
    expect(() => cut(`a,b\n1,"${'x\n'.repeat(longestRow)}`, 65_536)).toThrow('line 2');
  });
});
