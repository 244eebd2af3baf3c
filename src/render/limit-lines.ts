import type { Spent } from '../db/kernel-decisions.js';
import type { EffectiveLimits } from '../db/reads/effective-limits.js';
import type { RateUse } from '../db/reads/key-usage.js';
import type { KeyRow } from '../db/reads/keys.js';
import { labelled } from './labelled.js';
import { dollars, grouped, share } from './numbers.js';
import type { View } from './renderer.js';
import { clean, joinWith, line, type Safe } from './terminal-text.js';

export interface LimitsUsed {
  readonly limits: EffectiveLimits;
  readonly rate: RateUse;
  readonly spent: Spent | null;
  /** The calendar month of `spent`: `2026-08`. */
  readonly month: string;
}

/** A key's limits and what of them is used: the rate of the last minute and hour, quota and budget of a month. */
export function limitLines({ key }: KeyRow, used: LimitsUsed, view: View): Safe[] {
  const { rate, spent, month } = used;
  // Of a dead key, what it was allowed to while it lived.
  const limits = used.limits.percent === 0 ? key : used.limits;
  const others = [
    ...(limits.burst === null ? [] : [line`burst ${grouped(limits.burst)}`]),
    ...(limits.concurrency === null ? [] : [line`${grouped(limits.concurrency)} in flight`]),
  ];
  return [
    labelled(line`rate`, joinWith(line` · `, [...rates(limits, rate), ...others]), view),
    ...steppedDown(used.limits, view),
    ...quotas(key, spent).map((text) => labelled(clean(`in ${month}`), text, view)),
  ];
}

/** Nobody should look for the cause of a refusal in a setting that says otherwise. */
function steppedDown({ percent }: EffectiveLimits, view: View): Safe[] {
  if (percent === 0 || percent === 100) return [];
  const text = line`${percent} % of what it was given, because its retirement is near`;
  return [labelled(line``, view.style.warning(text), view)];
}

function rates(limits: Pick<EffectiveLimits, 'rpm' | 'rph'>, rate: RateUse): Safe[] {
  const per = (used: number, limit: number | null, span: Safe) =>
    limit === null
      ? line`${grouped(used)} in the last ${span}, no limit`
      : line`${grouped(used)} of ${grouped(limit)} in the last ${span}`;
  return [per(rate.lastMinute, limits.rpm, line`minute`), per(rate.lastHour, limits.rph, line`hour`)];
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
