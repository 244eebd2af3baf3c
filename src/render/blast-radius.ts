import type { BlastRadius } from '../actions/blast-radius.js';
import type { UsageWindow } from '../db/reads/blast-radius.js';
import { ago } from '../domain/instant.js';
import { isoTime } from '../domain/stored-time.js';
import { breaksText, familyText, inUseText, perMinute } from './blast-radius-lines.js';
import { keyHeading, labelColumns } from './key-heading.js';
import { labelled } from './labelled.js';
import { counted, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { statusWord } from './status-word.js';
import { type Column, tableText } from './table.js';
import { targetLine } from './target-line.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** What would break: shown before a key is stopped, and by --dry-run alone. */
export const blastRadius: Renderer<readonly BlastRadius[]> = {
  text: (value, view) => someText(value, view, value.length),
  json: (value) => ({ dry_run: true, count: value.length, keys: value.map(blastRadiusJson) }),
  records: (value) => value.map(blastRadiusJson),
  columns: ['key_id', 'name', 'version', 'status', 'owner', 'last_used_at'],
  ids: (value) => value.map((radius) => radius.row.key.id),
};

/** The same above a question: of many keys the busiest, since they are what hurts. */
export function blastRadiusQuestion(value: readonly BlastRadius[], view: View): Safe {
  return someText(value, view, mostAsked);
}

/** More lines than these are not read by anybody who has to decide. */
const mostAsked = 12;
/** So many keys are told one by one; more are a table. */
const mostDetailed = 3;

function someText(value: readonly BlastRadius[], view: View, most: number): Safe {
  if (value.length <= mostDetailed) return joinLines(value.map((radius) => blastRadiusText(radius, view)));
  const busiest = [...value].sort((a, b) => requestsOf(b) - requestsOf(a));
  const used = busiest.filter((radius) => requestsOf(radius) > 0).length;
  const inHour = value.reduce((sum, { use }) => sum + (use?.hour.requests ?? 0), 0);
  const target = value[0] === undefined ? line`` : line` in ${targetLine(value[0].target)}`;
  const rest = value.length - most;
  return joinLines([
    tableText(keyColumns, busiest.slice(0, most), view),
    ...(rest > 0
      ? [view.style.warning(line`and ${counted(rest, 'key')} less busy (--dry-run shows all)`)]
      : []),
    line`${counted(value.length, 'key')}${target}: ${grouped(used)} used in 24 h, together ${perMinute(inHour)} requests/min in the last hour`,
  ]);
}

function requestsOf({ use }: BlastRadius): number {
  return use?.day.requests ?? 0;
}

const keyColumns: readonly Column<BlastRadius>[] = [
  { heading: line`KEY`, cell: ({ row }) => clean(row.key.id) },
  { heading: line`NAME`, cell: ({ row }) => clean(row.key.name), shrinks: true },
  { heading: line`STATUS`, cell: ({ row }, view) => statusWord(row.key.status, view.style) },
  { heading: line`OWNER`, cell: ({ row }) => clean(row.owner?.email ?? ''), shrinks: true },
  {
    heading: line`24 H`,
    cell: ({ use }) => (use === null ? line`?` : grouped(use.day.requests)),
    align: 'right',
  },
  {
    heading: line`LAST USE`,
    cell: ({ row }, view) =>
      row.key.lastUsedAt === null ? line`never` : clean(ago(new Date(isoTime(row.key.lastUsedAt)), view.now)),
  },
];

function blastRadiusText(radius: BlastRadius, view: View): Safe {
  const { key, owner } = radius.row;
  const part = (label: Safe, value: Safe) => labelled(label, value, view, labelColumns);
  const lines = [keyHeading(radius.row, radius.target, view)];
  if (key.status === 'revoked') {
    const when = key.revokedAt === null ? '' : isoTime(key.revokedAt);
    const why = line`${clean(when)} by ${clean(key.revokedBy ?? 'nobody known')}: ${clean(key.revocationReason ?? '')}`;
    lines.push(part(line`revoked`, why));
  }
  const scopes =
    key.scopes.length === 0 ? line`` : line` ${view.style.glyph.dot} scopes ${clean(key.scopes.join(', '))}`;
  lines.push(part(line`owner`, line`${clean(owner?.email ?? 'nobody known')}${scopes}`));
  lines.push(part(line`in use`, inUseText(radius, view)));
  const breaks = breaksText(radius, view);
  if (breaks !== null) lines.push(part(line`breaks`, breaks));
  lines.push(part(line`family`, familyText(radius, view)));
  return joinLines(lines);
}

function blastRadiusJson({ row, use, family }: BlastRadius): Record<string, Json> {
  const window = (each: UsageWindow | undefined, minutes: number): Record<string, Json> | null =>
    each === undefined
      ? null
      : {
          requests: each.requests,
          accepted: each.accepted,
          requests_per_minute: Math.round((each.requests / minutes) * 100) / 100,
          unique_ips: each.distinctIps,
          endpoints: each.endpoints.map(({ value, requests }) => ({ endpoint: value, requests })),
          user_agents: each.agents.map(({ value, requests }) => ({ user_agent: value, requests })),
        };
  return {
    key_id: row.key.id,
    name: row.key.name,
    version: row.key.version,
    status: row.key.status,
    owner: row.owner?.email ?? null,
    scopes: row.key.scopes,
    last_used_at: isoTime(row.key.lastUsedAt),
    last_hour: window(use?.hour, 60),
    last_day: window(use?.day, 1440),
    new_ips_in_last_hour: use?.newIps ?? null,
    events_as_of: use?.eventsAsOf ?? null,
    family: family.map((other) => ({
      key_id: other.key.id,
      version: other.key.version,
      status: other.key.status,
    })),
  };
}
