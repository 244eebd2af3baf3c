import type { PartitionList } from '../actions/keep-partitions.js';
import type { Partition } from '../db/reads/partitions.js';
import { formatDuration } from '../domain/duration.js';
import { byteSize, counted, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `db partitions`. */
export const partitionList: Renderer<PartitionList> = {
  text: (value, view) => joinLines([...madeText(value, view), listText(value, view)]),
  json: (value) => ({
    dry_run: value.dryRun,
    made: value.made,
    keep_seconds: value.keepSeconds,
    partitions: value.partitions.map(listedRecord),
  }),
  records: (value) => value.partitions.map(listedRecord),
  columns: ['name', 'holds', 'from', 'until', 'rows_estimate', 'bytes', 'would_drop'],
  ids: (value) => value.partitions.map((each) => each.name),
};

function listedRecord(each: Partition): Record<string, Json> {
  return { ...partitionRecord(each), would_drop: each.expendable };
}

/** A table as programs read it. */
export function partitionRecord(each: Partition): Record<string, Json> {
  const { name, holds, from, until, rows, bytes } = each;
  return { name, holds, from, until, rows_estimate: rows, bytes };
}

function madeText({ made, dryRun }: PartitionList, { style }: View): Safe[] {
  if (made === null) return [];
  const count = counted(made, 'partition');
  if (made > 0 && dryRun) return [line`${count} would be made`];
  const done = made === 0 ? line`all of them were there` : line`${count} made`;
  return [style.ok(line`${style.sign.ok} ${done}`)];
}

function listText({ partitions, where, keepSeconds }: PartitionList, view: View): Safe {
  if (partitions.length === 0)
    return line`no partition in ${clean(where)} yet: they are made when usage comes, or by --ahead 4`;
  if (keepSeconds === null) return partitionTable(partitions, view);
  const expendable = partitions.filter((each) => each.expendable);
  const bytes = expendable.reduce((sum, each) => sum + each.bytes, 0);
  const age = clean(formatDuration(keepSeconds));
  const fate =
    expendable.length === 0
      ? line`none of them is older than ${age} as a whole`
      : line`older than ${age} as a whole: ${counted(expendable.length, 'partition')}, ${byteSize(bytes)}`;
  return joinLines([partitionTable(partitions, view, fateColumn), view.style.muted(fate)]);
}

/** What `db retention` would do to it. */
const fateColumn: Column<Partition> = {
  heading: line`RETENTION`,
  cell: ({ expendable }, { style }) => (expendable === true ? style.warning(line`would drop`) : line`keeps`),
};

/** The tables, and what they amount to. */
export function partitionTable(
  partitions: readonly Partition[],
  view: View,
  ...more: readonly Column<Partition>[]
): Safe {
  const sum = (of: (each: Partition) => number) => partitions.reduce((all, each) => all + of(each), 0);
  const total = line`${counted(partitions.length, 'partition')}, about ${counted(
    sum((each) => each.rows),
    'row',
  )}, ${byteSize(sum((each) => each.bytes))}`;
  return joinLines([tableText([...columns, ...more], partitions, view), view.style.muted(total)]);
}

const day = (at: string | null): Safe => clean(at === null ? 'unbounded' : at.slice(0, 10));

const columns: readonly Column<Partition>[] = [
  { heading: line`PARTITION`, cell: (each) => clean(each.name), shrinks: true },
  { heading: line`FROM`, cell: (each) => day(each.from) },
  { heading: line`UNTIL`, cell: (each) => day(each.until) },
  { heading: line`ROWS`, cell: (each) => grouped(each.rows), align: 'right' },
  { heading: line`SIZE`, cell: (each) => byteSize(each.bytes), align: 'right' },
];
