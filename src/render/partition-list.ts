import type { PartitionList } from '../actions/apply-retention.js';
import type { Partition } from '../db/reads/partitions.js';
import { byteSize, counted, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `db partitions`. */
export const partitionList: Renderer<PartitionList> = {
  text: (value, view) => joinLines([...madeText(value, view), listText(value, view)]),
  json: (value) => ({ made: value.made, partitions: value.partitions.map(partitionRecord) }),
  records: (value) => value.partitions.map(partitionRecord),
  columns: ['name', 'holds', 'from', 'until', 'rows_estimate', 'bytes'],
  ids: (value) => value.partitions.map((each) => each.name),
};

/** A table as programs read it. */
export function partitionRecord(each: Partition): Record<string, Json> {
  const { name, holds, from, until, rows, bytes } = each;
  return { name, holds, from, until, rows_estimate: rows, bytes };
}

function madeText({ made }: PartitionList, { style }: View): Safe[] {
  if (made === null) return [];
  return [
    style.ok(
      line`${style.sign.ok} ${made === 0 ? line`all of them were there` : line`${counted(made, 'partition')} made`}`,
    ),
  ];
}

function listText({ partitions, where }: PartitionList, view: View): Safe {
  if (partitions.length === 0)
    return line`no partition in ${clean(where)} yet: they are made when usage comes, or by --ahead 4`;
  return partitionTable(partitions, view);
}

/** The tables, and what they amount to. */
export function partitionTable(partitions: readonly Partition[], view: View): Safe {
  const sum = (of: (each: Partition) => number) => partitions.reduce((all, each) => all + of(each), 0);
  const total = line`${counted(partitions.length, 'partition')}, about ${counted(
    sum((each) => each.rows),
    'row',
  )}, ${byteSize(sum((each) => each.bytes))}`;
  return joinLines([tableText(columns, partitions, view), view.style.muted(total)]);
}

const day = (at: string | null): Safe => clean(at === null ? 'unbounded' : at.slice(0, 10));

const columns: readonly Column<Partition>[] = [
  { heading: line`PARTITION`, cell: (each) => clean(each.name), shrinks: true },
  { heading: line`FROM`, cell: (each) => day(each.from) },
  { heading: line`UNTIL`, cell: (each) => day(each.until) },
  { heading: line`ROWS`, cell: (each) => grouped(each.rows), align: 'right' },
  { heading: line`SIZE`, cell: (each) => byteSize(each.bytes), align: 'right' },
];
