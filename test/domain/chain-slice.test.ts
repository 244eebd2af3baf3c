import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type SliceRow, walkSlice } from '../../src/domain/chain-slice.js';

/** Rows `from` to `to` of a chain. */
function chain(from: number, to: number): SliceRow[] {
  let prevHash = '11'.repeat(32);
  return Array.from({ length: to - from + 1 }, (_, at) => {
    const record = `{"seq": ${from + at}, "text": "Zoë"}`;
    const hash = createHash('sha256').update(Buffer.from(prevHash, 'hex')).update(record).digest('hex');
    const row = { seq: from + at, record, prevHash, hash };
    prevHash = hash;
    return row;
  });
}

const rows = chain(5, 12);
const head = { seq: 12, hash: rows.at(-1)?.hash ?? '' };

function faultOf(given: readonly SliceRow[], end = head): number | null {
  const walk = walkSlice(5);
  for (const row of given) walk.take(row);
  return walk.end(end);
}

const changed = (seq: number, parts: Partial<SliceRow>) =>
  rows.map((row) => (row.seq === seq ? { ...row, ...parts } : row));

describe('a slice of the chain', () => {
  it('fits when each row follows the one before, up to the head', () => {
    expect(faultOf(rows)).toBeNull();
  });

  it.each<[string, readonly SliceRow[], number]>([
    ['a record', changed(7, { record: '{}' }), 7],
    ['a hash', changed(7, { hash: '22'.repeat(32) }), 7],
    ['a link', changed(7, { prevHash: '22'.repeat(32) }), 7],
    ['a seq', changed(7, { seq: 8 }), 7],
    ['a row that is gone', rows.filter(({ seq }) => seq !== 7), 7],
    ['a row that stands twice', rows.flatMap((row) => (row.seq === 7 ? [row, row] : [row])), 7],
    ['the first row gone', rows.slice(1), 5],
    ['the end cut off', rows.slice(0, -2), 11],
    ['nothing at all', [], 5],
  ])('names the first that does not: %s', (_what, given, seq) => {
    expect(faultOf(given)).toBe(seq);
  });

  it('does not fit to another head', () => {
    expect(faultOf(rows, { seq: 12, hash: '33'.repeat(32) })).toBe(12);
    expect(faultOf(rows, { ...head, seq: 13 })).toBe(13);
  });
});
