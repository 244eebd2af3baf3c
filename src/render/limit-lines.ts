import type { Spent } from '../db/kernel.js';
import type { RateUse } from '../db/reads/key-usage.js';
import type { KeyRow } from '../db/reads/keys.js';
import { labelled } from './labelled.js';
import { dollars, grouped, share } from './numbers.js';
import type { View } from './renderer.js';
import { clean, joinWith, line, type Safe } from './terminal-text.js';

export interface LimitsUsed {
  readonly rate: RateUse;
  readonly spent: Spent | null;
  /** The calendar month of `spent`: `2026-08`. */
  readonly month: string;
}

/** A key's limits and what of them is used: the rate of the last minute and hour, quota and budget of a month. */
export function limitLines({ key }: KeyRow, { rate, spent, month }: LimitsUsed, view: View): Safe[] {
  const others = [
    ...(key.burst === null ? [] : [line`burst ${grouped(key.burst)}`]),
    ...(key.concurrency === null ? [] : [line`${grouped(key.concurrency)} in flight`]),
  ];
  return [
    labelled(line`rate`, joinWith(line` · `, [...rates(key, rate), ...others]), view),
    ...quotas(key, spent).map((text) => labelled(clean(`in ${month}`), text, view)),
  ];
}

function rates(key: KeyRow['key'], rate: RateUse): Safe[] {
  const per = (used: number, limit: number | null, span: Safe) =>
    limit === null
      ? line`${grouped(used)} in the last ${span}, no limit`
      : line`${grouped(used)} of ${grouped(limit)} in the last ${span}`;
  return [per(rate.lastMinute, key.rpm, line`minute`), per(rate.lastHour, key.rph, line`hour`)];
}

function quotas(key: KeyRow['key'], spent: Spent | null): Safe[] {
  if (spent === null) return [];
  const lines: Safe[] = [];
  const count = (used: number, limit: number | null, what: Safe) => {
    if (limit !== null) lines.push(share(line`${grouped(used)} of ${grouped(limit)} ${what}`, used / limit));
  };
  count(spent.requests, key.quotaRequests, line`requests`);
  count(spent.tokens, key.quotaTokens, line`tokens`);
  if (key.budgetUsd !== null) {
    const [cost, budget] = [Number(spent.costUsd), Number(key.budgetUsd)];
    lines.push(share(line`${dollars(cost)} of ${dollars(budget)}`, cost / budget));
  }
  return lines;
}
