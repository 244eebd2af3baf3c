import type { SplitGroup, UsageSide, UsageSplit } from '../actions/split-usage.js';
import type { Dimension } from '../db/reads/usage-dimensions.js';
import type { UsageCounts } from '../db/reads/usage-groups.js';
import { byteSize, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { shortTime } from './short-time.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';
import { scopeJson, scopeText } from './usage-scope.js';

const readable = 20;
const counts = ['requests', 'errors', 'unique_ips', 'bytes', 'tokens', 'cost_usd', 'requests_per_hour'];

/** `audit usage --split-at`. */
export const usageSplit = (by: Dimension): Renderer<UsageSplit> => ({
  text: splitText,
  json: (value) => ({
    ...scopeJson(value.scope),
    split_at: value.splitAt,
    rotation_id: value.rotationId,
    as_of: value.asOf,
    by: value.by,
    before: sideRecord(value.before),
    after: sideRecord(value.after),
    groups: value.groups.map((group) => ({
      ...nameOf(group, value.by),
      before: countsRecord(group.before, value.before),
      after: countsRecord(group.after, value.after),
    })),
  }),
  records: (value) =>
    value.groups.map((group) => ({
      ...nameOf(group, value.by),
      ...prefixed('before', countsRecord(group.before, value.before)),
      ...prefixed('after', countsRecord(group.after, value.after)),
    })),
  columns: [
    ...(by === 'key' ? ['key_id', 'key_name'] : [by]),
    ...['before', 'after'].flatMap((side) => counts.map((count) => `${side}_${count}`)),
  ],
});

function nameOf({ value, name }: SplitGroup, by: Dimension): Record<string, Json> {
  return by === 'key' ? { key_id: value, key_name: name } : { [by]: value };
}

function sideRecord(side: UsageSide): Record<string, Json> {
  return { since: side.since, until: side.until, ...countsRecord(side.total, side) };
}

/** Nothing there counts as 0, so that two sides can be subtracted. */
function countsRecord(of: UsageCounts | null, side: UsageSide): Record<string, Json> {
  const requests = of?.requests ?? 0;
  return {
    requests,
    errors: of?.errors ?? 0,
    unique_ips: of?.uniqueIps ?? 0,
    bytes: of?.bytes ?? null,
    tokens: of?.tokens ?? null,
    cost_usd: of?.costUsd ?? null,
    requests_per_hour: Math.round((requests / side.hours) * 1000) / 1000,
  };
}

function prefixed(side: string, record: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [`${side}_${name}`, value]));
}

interface Row {
  readonly label: Safe;
  readonly before: UsageCounts | null;
  readonly after: UsageCounts | null;
}

function splitText(value: UsageSplit, view: View): Safe {
  const { before, after, splitAt, rotationId, asOf } = value;
  const { style } = view;
  const cause = rotationId === null ? line`` : line` (${clean(rotationId)})`;
  const reach = asOf === null ? line`no usage was ever brought in` : line`log as of ${shortTime(asOf)}`;
  const shown = view.unbounded === true ? value.groups : value.groups.slice(0, readable);
  const rows: Row[] = shown.map((group) => ({ ...group, label: labelOf(group, value.by) }));
  rows.push({ label: style.strong(line`total`), before: before.total, after: after.total });
  const left = value.groups.length - shown.length;
  return joinLines([
    scopeText(value.scope, view),
    style.muted(
      line`before and after ${shortTime(splitAt)}${cause} · ${shortTime(before.since)} to ${shortTime(after.until)} · ${reach}`,
    ),
    tableText(columnsOf(value), rows, view),
    ...(left > 0 ? [style.muted(line`(${grouped(left)} more: -o csv)`)] : []),
  ]);
}

function columnsOf({ by, before, after }: UsageSplit): readonly Column<Row>[] {
  const number = (heading: Safe, cell: (row: Row) => Safe): Column<Row> => ({
    heading,
    cell,
    align: 'right',
  });
  const rate = (of: UsageCounts | null, { hours }: UsageSide) => (of?.requests ?? 0) / hours;
  return [
    { heading: clean(by === 'ip' ? 'FROM' : by.toUpperCase()), cell: (row) => row.label, shrinks: true },
    number(line`BEFORE`, (row) => grouped(row.before?.requests ?? 0)),
    number(line`AFTER`, (row) => grouped(row.after?.requests ?? 0)),
    number(line`A HOUR`, (row) => rateText(rate(row.before, before))),
    number(line`THEN`, (row) => rateText(rate(row.after, after))),
    number(line`CHANGE`, (row) => changeText(rate(row.before, before), rate(row.after, after))),
    number(
      line`ERRORS`,
      (row) => line`${grouped(row.before?.errors ?? 0)} › ${grouped(row.after?.errors ?? 0)}`,
    ),
    number(
      line`BYTES`,
      (row) => line`${byteSize(row.before?.bytes ?? 0)} › ${byteSize(row.after?.bytes ?? 0)}`,
    ),
  ];
}

function rateText(rate: number): Safe {
  return rate === 0 ? line`0` : rate < 10 ? clean(rate.toFixed(1)) : grouped(Math.round(rate));
}

/** `+40 %`, `new`, `gone`: how the rate moved. */
function changeText(before: number, after: number): Safe {
  if (before === 0) return after === 0 ? line`` : line`new`;
  if (after === 0) return line`gone`;
  const change = Math.round((after / before - 1) * 100);
  return line`${change > 0 ? clean('+') : clean('')}${change} %`;
}

function labelOf({ value, name }: SplitGroup, by: Dimension): Safe {
  if (value === null) return line`(none)`;
  if (by === 'key') return line`${clean(String(value))}  ${clean(name ?? '')}`;
  return by === 'version' ? line`v${clean(String(value))}` : clean(String(value));
}
