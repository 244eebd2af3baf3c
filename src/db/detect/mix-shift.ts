import { inWindow, type Reproduced, textArray, textsOf } from './sql-text.js';

/** Jensen-Shannon divergence of the hour's shares from those of the history, which are in the query. */
export function mixShiftSql(of: Reproduced): string {
  const endpoints = textArray(textsOf(of, 'endpoints'));
  const requests = textArray(textsOf(of, 'requests'));
  return `with usual as (
  select endpoint, requests from unnest(${endpoints}, (${requests})::float8[]) h (endpoint, requests)
  union all select null, 0
), hour as (
  select h.endpoint, count(*) as requests
  from (select case when u.endpoint = any (${endpoints}) then u.endpoint end as endpoint
  ${inWindow(of, 'u.endpoint is not null')}) h
  group by 1
), shares as (
  select (coalesce(h.requests, 0) + 0.5) / sum(coalesce(h.requests, 0) + 0.5) over () as p,
    (u.requests + 0.5) / sum(u.requests + 0.5) over () as q
  from usual u left join hour h on h.endpoint is not distinct from u.endpoint
)
select
  round((sum(p * log(2, (2 * p / (p + q))::numeric) + q * log(2, (2 * q / (p + q))::numeric)) / 2)::numeric, 3)::float8
    as observed,
  0::float8 as expected_low,
  null::float8 as expected_high
from shares`;
}
