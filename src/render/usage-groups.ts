import type { UsageBreakdown } from '../actions/read-usage.js';
import type { Dimension } from '../db/reads/usage-dimensions.js';
import type { UsageCounts, UsageGroup } from '../db/reads/usage-groups.js';
import { grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';
import { type UsageRow, usageColumns } from './usage-columns.js';
import { scopeJson, scopeName, scopeText } from './usage-scope.js';

/** Rows that a person reads on a terminal without scrolling, unless a limit was asked for; pipes and programs get all. */
export const readable = 20;

const counts = ['requests', 'errors', 'unique_ips', 'bytes', 'tokens', 'cost_usd', 'first_at', 'last_at'];

/** `audit usage --by …`. */
export const usageGroups = (by: Dimension): Renderer<UsageBreakdown> => ({
  text: breakdownText,
  json: (value) => ({
    ...scopeJson(value.scope),
    since: value.window.since,
    until: value.window.until,
    as_of: value.asOf,
    by: value.by,
    total: countsJson(value.total),
    groups: groupRecords(value),
    group_count: value.groupCount,
  }),
  records: groupRecords,
  columns: [...(by === 'key' ? ['key_id', 'key_name'] : [by]), ...counts],
});

/** `audit endpoints`: the four numbers that the covering index holds (CLI.md). */
export const usageEndpoints: Renderer<UsageBreakdown> = {
  text: breakdownText,
  json: (value) => ({
    key_id: value.scope.key?.key.id ?? null,
    since: value.window.since,
    until: value.window.until,
    as_of: value.asOf,
    endpoints: endpointRecords(value),
  }),
  records: endpointRecords,
  columns: ['endpoint', 'requests', 'unique_ips', 'errors', 'bytes'],
};

function endpointRecords({ groups }: UsageBreakdown): Record<string, Json>[] {
  return groups.map(({ value, requests, uniqueIps, errors, bytes }) => ({
    endpoint: value,
    requests,
    unique_ips: uniqueIps,
    errors,
    bytes: bytes ?? 0,
  }));
}

/** The value stands under the name of the dimension: `{"ip": "192.0.2.1", "requests": …}`. */
function groupRecords({ groups, by }: UsageBreakdown): Record<string, Json>[] {
  return groups.map((group) =>
    by === 'key'
      ? { key_id: group.value, key_name: group.name, ...countsJson(group) }
      : { [by]: group.value, ...countsJson(group) },
  );
}

function countsJson(counts: UsageCounts): Record<string, Json> {
  return {
    requests: counts.requests,
    errors: counts.errors,
    unique_ips: counts.uniqueIps,
    bytes: counts.bytes,
    tokens: counts.tokens,
    cost_usd: counts.costUsd,
    first_at: counts.firstAt,
    last_at: counts.lastAt,
  };
}

function breakdownText(value: UsageBreakdown, view: View): Safe {
  const { style } = view;
  const { groups, groupCount, total, by, series } = value;
  const heading = [scopeText(value.scope, view), style.muted(windowText(value))];
  if (total.requests === 0) return joinLines([...heading, nothingText(value)]);
  const whole = value.limited || view.unbounded === true;
  const shown = whole ? groups : groups.slice(0, readable);
  const rows: UsageRow[] = shown.map((group, at) => ({
    ...group,
    label: labelOf(group, by),
    series: series?.groups[at],
  }));
  if (groupCount > shown.length) rows.push(restOf(total, shown, groupCount));
  rows.push({ ...total, label: style.strong(line`total`), series: series?.total });
  const table = tableText(usageColumns(value, view), rows, view);
  const more = groupCount > shown.length && !whole;
  return joinLines([
    ...heading,
    table,
    ...(more ? [style.muted(line`all of them: -o csv, or --limit ${groupCount}`)] : []),
  ]);
}

/** What the rows that are not shown amount to; their addresses are partly those of the others. */
function restOf(total: UsageCounts, shown: readonly UsageGroup[], groupCount: number): UsageRow {
  const without = (count: (counts: UsageCounts) => number | null): number | null => {
    const all = count(total);
    return all === null ? null : shown.reduce((left, group) => left - (count(group) ?? 0), all);
  };
  return {
    label: line`(${grouped(groupCount - shown.length)} more)`,
    requests: without((each) => each.requests) ?? 0,
    errors: without((each) => each.errors) ?? 0,
    bytes: without((each) => each.bytes),
    tokens: without((each) => each.tokens),
    costUsd: without((each) => each.costUsd),
  };
}

function windowText({ window, asOf }: UsageBreakdown): Safe {
  const from =
    window.since === null ? line`from the beginning` : line`since ${clean(shortTime(window.since))}`;
  const to = window.until === null ? line`` : line` until ${clean(shortTime(window.until))}`;
  const reach =
    asOf === null ? line`no usage was ever brought in` : line`log as of ${clean(shortTime(asOf))}`;
  return line`${from}${to} · ${reach}`;
}

/** Nothing in the window: says when there was something, and how to see it. */
function nothingText({ scope, extent }: UsageBreakdown): Safe {
  const who = scopeName(scope);
  if (extent === null) return line`no request of ${who} was ever logged in ${clean(scope.where)}`;
  const day = clean(extent.firstAt.slice(0, 10));
  return joinLines([
    line`no request of ${who} in this time; its newest was ${clean(shortTime(extent.lastAt))}`,
    line`  all of them: --since ${day}`,
  ]);
}

function labelOf({ value }: UsageGroup, by: Dimension): Safe {
  if (value === null) return line`(none)`;
  if (by === 'version') return line`v${clean(String(value))}`;
  return clean(by === 'hour' ? shortTime(String(value)) : String(value));
}

function shortTime(at: string): string {
  return `${at.slice(0, 19)}Z`;
}
