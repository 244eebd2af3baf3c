import { slotBounds, windowBounds } from './slot-quantiles.js';
import { inWindow, type Reproduced, textOf } from './sql-text.js';

const quantities: Readonly<Record<string, string>> = {
  requests: 'count(*)',
  bytes: 'coalesce(sum(u.bytes), 0)',
  cost_usd: 'round(coalesce(sum(u.cost_usd), 0), 6)',
};

/** One quantity of the hour, against the hours of its slot: requests, bytes and cost alike. */
export function volumeSql(of: Reproduced): string {
  const quantity = quantities[textOf(of, 'metric')] ?? 'count(*)';
  return measured(slotBounds(of, quantity), `select ${quantity} ${inWindow(of)}`);
}

/** Requests of the hours in a row, against those of their slots together. */
export function volumeDropSql(of: Reproduced): string {
  return measured(windowBounds(of, 'count(*)'), `select count(*) ${inWindow(of)}`);
}

function measured(bounds: string, observed: string): string {
  return `with ${bounds}
select
  (${observed})::float8 as observed,
  low as expected_low,
  high as expected_high
from bounds`;
}
