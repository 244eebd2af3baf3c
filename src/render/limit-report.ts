import type { LimitReport, LimitUse, OwnerUse, Used } from '../actions/read-limits.js';
import { dollars, grouped } from './numbers.js';
import type { Json, Renderer, View } from './renderer.js';
import { type Column, tableText } from './table.js';
import { clean, joinLines, line, type Safe } from './terminal-text.js';

/** `audit limits`; rows of ndjson and csv are keys, or owners with `--by owner`. */
export const limitReport = (by: 'key' | 'owner'): Renderer<LimitReport> => ({
  text: (value, view) =>
    joinLines([headingText(value, view), by === 'key' ? keysText(value, view) : ownersText(value, view)]),
  json: (value) => ({
    month: value.month,
    as_of: value.asOf,
    keys: value.keys.map(keyRecord),
    owners: value.owners.map(ownerRecord),
  }),
  records: (value) => (by === 'key' ? value.keys.map(keyRecord) : value.owners.map(ownerRecord)),
  columns: by === 'key' ? keyColumns : ownerColumns,
  ...(by === 'key' ? { ids: (value: LimitReport) => value.keys.map(({ row }) => row.key.id) } : {}),
});

const shared = [
  'cost_usd',
  'budget_usd',
  'requests',
  'quota_requests',
  'tokens',
  'quota_tokens',
  'worst_percent',
];
const keyColumns = [
  ...['key_id', 'name', 'owner', 'status', ...shared],
  ...['peak_minute', 'peak_minute_at', 'rpm', 'peak_hour', 'peak_hour_at', 'rph'],
];
const ownerColumns = ['owner', 'keys', ...shared];

function keyRecord(use: LimitUse): Record<string, Json> {
  const { row, peak, minute, hour } = use;
  return {
    ...{ key_id: row.key.id, name: row.key.name, owner: row.owner?.email ?? null, status: row.key.status },
    ...sharedRecord(use),
    ...{ peak_minute: minute.used, peak_minute_at: peak?.minuteAt ?? null, rpm: minute.allowed },
    ...{ peak_hour: hour.used, peak_hour_at: peak?.hourAt ?? null, rph: hour.allowed },
  };
}

function ownerRecord(use: OwnerUse): Record<string, Json> {
  return { owner: use.email, keys: use.keys, ...sharedRecord(use) };
}

function sharedRecord({ cost, requests, tokens, worst }: OwnerUse | LimitUse): Record<string, Json> {
  return {
    ...{
      cost_usd: cost.used,
      budget_usd: cost.allowed,
      requests: requests.used,
      quota_requests: requests.allowed,
    },
    ...{ tokens: tokens.used, quota_tokens: tokens.allowed, worst_percent: percent(worst) },
  };
}

/** With one decimal, never rounded up to a full 100. */
function percent(share: number | null): number | null {
  return share === null ? null : Math.floor(share * 1000) / 10;
}

function headingText({ month, where, asOf }: LimitReport, { style }: View): Safe {
  return style.muted(
    line`${clean(month)} in ${clean(where)}, as of ${clean(asOf)}; peaks of the last 7 days`,
  );
}

function keysText({ keys }: LimitReport, view: View): Safe {
  if (keys.length === 0) return line`no living key has a limit, quota or budget`;
  return tableText(
    [
      { heading: line`KEY`, cell: ({ row }) => clean(row.key.id) },
      { heading: line`NAME`, cell: ({ row }) => clean(row.key.name), shrinks: true },
      ...sharedColumns<LimitUse>(view),
      number<LimitUse>(line`RPM`, ({ minute }) => usedText(minute, grouped)),
      number<LimitUse>(line`RPH`, ({ hour }) => usedText(hour, grouped)),
    ],
    keys,
    view,
  );
}

function ownersText({ owners }: LimitReport, view: View): Safe {
  if (owners.length === 0) return line`no living key has a limit, quota or budget`;
  return tableText(
    [
      { heading: line`OWNER`, cell: ({ email }) => clean(email ?? 'nobody known'), shrinks: true },
      number<OwnerUse>(line`KEYS`, ({ keys }) => grouped(keys)),
      ...sharedColumns<OwnerUse>(view),
    ],
    owners,
    view,
  );
}

function sharedColumns<T extends OwnerUse | LimitUse>({ style }: View): readonly Column<T>[] {
  return [
    number(line`USED`, ({ worst }) => {
      if (worst === null) return line`-`;
      const text = line`${Math.floor(worst * 100)} %`;
      return worst >= 1 ? style.danger(text) : worst >= 0.8 ? style.warning(text) : text;
    }),
    number(line`COST`, ({ cost }) => usedText(cost, dollars)),
    number(line`REQUESTS`, ({ requests }) => usedText(requests, grouped)),
    number(line`TOKENS`, ({ tokens }) => usedText(tokens, grouped)),
  ];
}

function number<T>(heading: Safe, cell: (row: T) => Safe): Column<T> {
  return { heading, cell, align: 'right' };
}

function usedText({ used, allowed }: Used, shown: (value: number) => Safe): Safe {
  return allowed === null ? shown(used) : line`${shown(used)}/${shown(allowed)}`;
}
