import { instant, inWindow, type Reproduced, textArray } from './sql-text.js';

/** Whole days between the first request of the window and the last one before it. */
export function dormantWakeSql(of: Reproduced): string {
  const { candidate, keys } = of;
  return `with awake as (
  select min(u.ts) as at ${inWindow(of)}
), asleep as (
  select max(u.ts) as at from keyctl.usage_events u
   where u.key_id = any (${textArray(keys)}) and u.ts < ${instant(candidate.windowStart)}
)
select
  floor(extract(epoch from awake.at - asleep.at) / 86400)::float8 as observed,
  0::float8 as expected_low,
  ${candidate.expectedHigh ?? 0}::float8 as expected_high
from awake, asleep`;
}
