import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binaryRows } from '../../src/db/binary-copy.js';
import { copiedRow, copyHeader, copyTrailer } from '../support/binary-row.js';

const columns = 3;
const field = fc.option(fc.uint8Array({ maxLength: 12 }));
const table = fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { maxLength: 6 });

function read(chunks: readonly Buffer[], limit = Number.POSITIVE_INFINITY) {
  const rows: (Uint8Array | null)[][] = [];
  const push = binaryRows(columns, ({ bytes, starts, lengths }) => {
    const fields = [...starts].map((from, at) => {
      const length = lengths[at] ?? -1;
      return length < 0 ? null : Uint8Array.from(bytes.subarray(from, from + length));
    });
    rows.push(fields);
    return rows.length < limit;
  });
  const wanted = chunks.map((chunk) => push(chunk));
  return { rows, wanted };
}

describe('a binary COPY', () => {
  it('gives the same rows wherever its bytes are cut', () => {
    fc.assert(
      fc.property(table, fc.array(fc.nat({ max: 200 }), { maxLength: 8 }), (rows, cuts) => {
        const whole = Buffer.concat([copyHeader, ...rows.map((row) => copiedRow(row)), copyTrailer]);
        const ends = [...new Set([0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length])].sort(
          (a, b) => a - b,
        );
        const chunks = ends.slice(1).map((end, at) => whole.subarray(ends[at], end));
        expect(read(chunks).rows).toEqual(
          rows.map((row) => row.map((each) => each && Uint8Array.from(each))),
        );
      }),
    );
  });

  it('stops asking when nobody wants more', () => {
    const row = copiedRow([Buffer.from('a'), null, Buffer.from('c')]);
    const { rows, wanted } = read([copyHeader, row, row, row], 2);
    expect(rows).toHaveLength(2);
    expect(wanted).toEqual([true, true, false, false]);
  });

  it('refuses rows of another width', () => {
    expect(() => read([copyHeader, copiedRow([null, null])])).toThrow(RangeError);
  });
});
