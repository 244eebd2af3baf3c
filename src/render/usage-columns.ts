import type { UsageBreakdown } from '../actions/read-usage.js';
import type { Dimension } from '../db/reads/usage-dimensions.js';
import type { UsageCounts } from '../db/reads/usage-groups.js';
import { ago } from '../domain/instant.js';
import { byteSize, dollars, grouped } from './numbers.js';
import type { View } from './renderer.js';
import { sparkline } from './sparkline.js';
import type { Column } from './table.js';
import { clean, line, type Safe } from './terminal-text.js';

/** One line of the table: a value, all values that are not shown, or all. */
export interface UsageRow extends Partial<Omit<UsageCounts, 'requests' | 'errors'>> {
  readonly requests: number;
  readonly errors: number;
  readonly label: Safe;
  readonly name?: string | null;
  /** Requests over the window. */
  readonly series?: readonly number[] | undefined;
}

const headings: Readonly<Record<Dimension, Safe>> = {
  endpoint: line`ENDPOINT`,
  ip: line`FROM`,
  agent: line`AGENT`,
  hour: line`HOUR`,
  status: line`STATUS`,
  model: line`MODEL`,
  version: line`VERSION`,
  key: line`KEY`,
  owner: line`OWNER`,
};

/** What is counted of each value, and when, as far as there is room. */
export function usageColumns({ by, total, series }: UsageBreakdown, view: View): readonly Column<UsageRow>[] {
  const number = (heading: Safe, cell: (row: UsageRow) => Safe): Column<UsageRow> => ({
    heading,
    cell,
    align: 'right',
  });
  const columns: Column<UsageRow>[] = [
    { heading: headings[by], cell: (row) => row.label, shrinks: by !== 'key' },
    ...(by === 'key'
      ? [{ heading: line`NAME`, cell: (row: UsageRow) => clean(row.name ?? ''), shrinks: true }]
      : []),
    number(line`REQUESTS`, (row) => grouped(row.requests)),
    number(line`ERRORS`, (row) => grouped(row.errors)),
    ...(by === 'ip' ? [] : [number(line`IPS`, (row) => optional(row.uniqueIps, grouped))]),
    ...(total.bytes === null ? [] : [number(line`BYTES`, (row) => optional(row.bytes, byteSize))]),
    ...(total.tokens === null ? [] : [number(line`TOKENS`, (row) => optional(row.tokens, grouped))]),
    ...(total.costUsd === null ? [] : [number(line`COST`, (row) => optional(row.costUsd, dollars))]),
  ];
  if (by === 'hour') return columns;
  const time = (at: string): Safe => clean(shortAgo(at, view.now));
  const wide = view.unbounded === true || view.columns >= 100;
  if (wide) columns.push({ ...number(line`FIRST`, (row) => optional(row.firstAt, time)), dispensable: true });
  columns.push({ ...number(line`LAST`, (row) => optional(row.lastAt, time)), dispensable: true });
  return series === null ? columns : [...columns, overTime];
}

/** Each row against its own highest bar: what it says is when, the numbers beside it say how much. */
const overTime: Column<UsageRow> = {
  heading: line`OVER TIME`,
  cell: ({ series }, { style }) => (series === undefined ? line`` : sparkline(series, style)),
  dispensable: true,
};

function optional<T>(value: T | null | undefined, shown: (value: T) => Safe): Safe {
  return value === null || value === undefined ? clean('') : shown(value);
}

/** Days are still a feeling at three months; after that a date says more. */
function shortAgo(at: string, now: Date): string {
  const then = new Date(at);
  return now.getTime() - then.getTime() > 99 * 86_400_000 ? at.slice(0, 10) : ago(then, now);
}
