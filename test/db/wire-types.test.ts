import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayLiteral, parseArrayLiteral } from '../../src/db/wire-types.js';

describe('array literals', () => {
  it('come back as they went, whatever is in them', () => {
    const elements = fc.array(fc.option(fc.string({ unit: 'binary' })));
    fc.assert(
      fc.property(elements, (values) => {
        expect(parseArrayLiteral(arrayLiteral(values), String)).toEqual(values);
      }),
    );
  });

  it('are read as PostgreSQL writes them: bare, quoted, NULL and "NULL"', () => {
    expect(parseArrayLiteral('{}', String)).toEqual([]);
    expect(parseArrayLiteral('{a,"b, c",NULL,"NULL","\\"\\\\"}', String)).toEqual([
      'a',
      'b, c',
      null,
      'NULL',
      '"\\',
    ]);
  });

  it('are refused with more than one dimension', () => {
    expect(() => parseArrayLiteral('{{1,2},{3,4}}', Number)).toThrow(RangeError);
  });
});
