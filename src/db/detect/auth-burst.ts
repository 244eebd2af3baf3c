import {
  accepted,
  inHistory,
  inWindow,
  quoted,
  type Reproduced,
  refused,
  textArray,
  textsOf,
} from './sql-text.js';

/** Refusals from the address in ten minutes, and its worst ten minutes since it was first accepted. */
export function authBurstSql(of: Reproduced): string {
  const address = `u.ip_text = ${quoted(of.candidate.ip ?? '')}`;
  const status = of.candidate.query.forbiddenToo === true ? refused : 'u.status = 401';
  const living = `u.key_id = any (${textArray(textsOf(of, 'living'))})`;
  const tick = "date_bin('5 minutes', u.ts, timestamptz 'epoch')";
  return `with first as (
  select date_bin('5 minutes', min(u.ts), timestamptz 'epoch') as at ${inHistory(of, address, accepted)}
), ticks as (
  select ${tick} as at, count(*) as refusals
  ${inHistory(of, address, refused, 'u.ts >= (select at from first)')}
   group by 1
), pairs as (
  select t.refusals + coalesce(b.refusals, 0) as refusals
  from ticks t left join ticks b on b.at = t.at - interval '5 minutes'
)
select
  (select count(*) ${inWindow(of, living, address, status)})::float8 as observed,
  0::float8 as expected_low,
  (select coalesce(max(refusals), 0) from pairs)::float8 as expected_high`;
}
