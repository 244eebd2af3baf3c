import Table from 'cli-table3';
import { fit, width } from './layout.js';
import type { View } from './renderer.js';
import { clean, type Safe } from './terminal-text.js';

export interface Column<T> {
  readonly heading: Safe;
  readonly cell: (row: T, view: View) => Safe;
  readonly align?: 'left' | 'right';
  /** Columns that give way first on a narrow terminal; without it a column keeps its width. */
  readonly shrinks?: boolean;
  /** Left out, the first such column first, where the shrinking ones would have to become hard to read. */
  readonly dispensable?: boolean;
}

/** Narrower than this a shrinking column says nothing any more. */
const narrowest = 8;

/** What a shrinking column keeps while there are dispensable ones. */
const readableWidth = 20;

/** As long as a name may be. */
const longestCell = 200;

/** Rows under headings without borders, as wide as the terminal at most; long cells are cut by grapheme. */
export function tableText<T>(wanted: readonly Column<T>[], rows: readonly T[], view: View): Safe {
  const drawn = wanted.map((column) => ({ ...column, cells: rows.map((row) => column.cell(row, view)) }));
  const columns = view.unbounded === true ? drawn : withRoom(drawn, view.columns);
  const cells = rows.map((_, at) => columns.map((column) => column.cells[at] ?? clean('')));
  const widths = columns.map(widthOf);
  if (view.unbounded !== true) shrink(widths, columns, view.columns);
  const table = new Table({
    head: columns.map((column, at) =>
      view.style.muted(fit(column.heading, widths[at] ?? 0, view.style.glyph.ellipsis)),
    ),
    colAligns: columns.map((column) => column.align ?? 'left'),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    chars: borderless,
  });
  for (const row of cells)
    table.push(row.map((cell, at) => fit(cell, widths[at] ?? 0, view.style.glyph.ellipsis)));
  // Every cell was Safe and cli-table3 adds spaces and newlines only.
  return table
    .toString()
    .split('\n')
    .map((text) => text.trimEnd())
    .join('\n') as Safe;
}

/** A column with what stands in it. */
interface DrawnColumn<T> extends Column<T> {
  readonly cells: readonly Safe[];
}

function widthOf<T>({ heading, shrinks, cells }: DrawnColumn<T>): number {
  const widest = Math.max(width(heading), ...cells.map(width));
  // One hostile name would make every row as long, in a pipe too.
  return shrinks === true ? Math.min(widest, longestCell) : widest;
}

/** Without dispensable columns that would leave the others too little. */
function withRoom<T>(columns: readonly DrawnColumn<T>[], available: number): readonly DrawnColumn<T>[] {
  const least = (column: DrawnColumn<T>) =>
    column.shrinks === true ? Math.min(widthOf(column), readableWidth) : widthOf(column);
  const needed = columns.reduce((sum, column) => sum + least(column) + gap.length, -gap.length);
  const first = columns.findIndex(({ dispensable }) => dispensable === true);
  return needed <= available || first === -1 ? columns : withRoom(columns.toSpliced(first, 1), available);
}

const gap = '  ';
const borderless = {
  ...{
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
  },
  ...{
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: gap,
  },
};

/** Takes from the widest shrinking columns, level by level, until the row fits, in place. */
function shrink<T>(widths: number[], columns: readonly Column<T>[], available: number): void {
  const shrinking = [...columns.keys()].filter((at) => columns[at]?.shrinks === true);
  const widthOf = (at: number): number => widths[at] ?? 0;
  for (;;) {
    const excess = widths.reduce((sum, each) => sum + each, 0) + gap.length * (widths.length - 1) - available;
    const widest = Math.max(narrowest, ...shrinking.map(widthOf));
    if (excess <= 0 || widest === narrowest) return;
    // Down to the next widest at most: cut in one step, the widest would end below a column that was narrower before.
    const cut = shrinking.filter((at) => widthOf(at) === widest);
    const next = Math.max(narrowest, ...shrinking.map(widthOf).filter((width) => width < widest));
    const level = Math.max(next, widest - Math.ceil(excess / cut.length));
    for (const at of cut) widths[at] = level;
  }
}
