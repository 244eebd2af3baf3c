import { accepted, inWindow, numberOf, numeral, quoted, type Reproduced, textOf } from './sql-text.js';

/** Kilometres (by the prefix table, which the database has not) over the hours between the two requests, five minutes at least. */
export function travelSql(of: Reproduced): string {
  const from = (name: string) => `u.ip_text = ${quoted(textOf(of, name))}`;
  return `with arrival as (
  select floor(extract(epoch from min(u.ts)) * 1000) as at ${inWindow(of, from('toIp'), accepted)}
), departure as (
  select floor(extract(epoch from max(u.ts)) * 1000) as at
  ${inWindow(of, from('fromIp'), 'floor(extract(epoch from u.ts) * 1000) <= (select at from arrival)')}
)
select
  floor(${numeral(numberOf(of, 'km'))} / (greatest(300000, a.at - d.at) / 3600000.0))::float8 as observed,
  0::float8 as expected_low,
  900::float8 as expected_high
from arrival a, departure d`;
}
