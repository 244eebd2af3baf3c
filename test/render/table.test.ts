import { describe, expect, it } from 'vitest';
import { styleFor } from '../../src/render/style.js';
import { type Column, tableText } from '../../src/render/table.js';
import { clean, line } from '../../src/render/terminal-text.js';

type Row = readonly string[];

const columnsOf = (...shrinks: readonly boolean[]): readonly Column<Row>[] =>
  shrinks.map((each, at) => ({
    heading: line`H${at}`,
    cell: (row) => clean(row[at] ?? ''),
    shrinks: each,
  }));

const view = (columns: number) => ({
  style: styleFor({ colorLevel: 0, unicode: true }),
  columns,
  now: new Date(0),
});

describe('a table that is wider than the terminal', () => {
  const row = ['a'.repeat(20), 'b'.repeat(30), 'c'.repeat(60)];

  it('takes from the widest shrinking columns until they are level, and keeps the others whole', () => {
    const [, cells] = tableText(columnsOf(false, true, true), [row], view(60)).split('\n');
    expect(cells).toBe(`${'a'.repeat(20)}  ${'b'.repeat(17)}…  ${'c'.repeat(17)}…`);
  });

  it('leaves a column alone that is narrower than the level', () => {
    const [, cells] = tableText(columnsOf(true, true, true), [row], view(100)).split('\n');
    expect(cells).toBe(`${'a'.repeat(20)}  ${'b'.repeat(30)}  ${'c'.repeat(45)}…`);
  });

  it('stops at eight columns each, wherever the terminal ends', () => {
    const [, cells] = tableText(columnsOf(true, true, true), [row], view(10)).split('\n');
    expect(cells).toBe(`${'a'.repeat(7)}…  ${'b'.repeat(7)}…  ${'c'.repeat(7)}…`);
  });

  it('is not cut when it fits', () => {
    const [, cells] = tableText(columnsOf(true, true, true), [row], view(114)).split('\n');
    expect(cells).toBe(row.join('  '));
  });
});
