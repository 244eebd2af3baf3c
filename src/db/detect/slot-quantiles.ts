import { inHistory, instant, numberOf, type Reproduced, textArray, textsOf } from './sql-text.js';

/**
 * The 5 % and 95 % quantiles of one quantity over the hours of the finding's slot in its history, hours without a request as 0, hours
 * with a known finding left out: common table expressions that end with `bounds (low, high)`, rounded as a baseline keeps them.
 * @param quantity an aggregate over `u`
 */
export function slotBounds(of: Reproduced, quantity: string): string {
  return `${hourValues(of, quantity)}, bounds as (
  select ${quantiles}
  from history s
  where extract(hour from s.hour at time zone 'UTC') = ${numberOf(of, 'slotHour')}
    and (extract(isodow from s.hour at time zone 'UTC') >= 6) = ${of.candidate.query.weekend === true}
)`;
}

/** The same of each hour in the finding's window, added up. */
export function windowBounds(of: Reproduced, quantity: string): string {
  const { windowStart, windowEnd } = of.candidate;
  return `${hourValues(of, quantity)}, hourly as (
  select ${quantiles}
  from generate_series(${instant(windowStart)}, ${instant(windowEnd - 1)}, interval '1 hour') w (hour)
  join history s on extract(hour from s.hour at time zone 'UTC') = extract(hour from w.hour at time zone 'UTC')
    and (extract(isodow from s.hour at time zone 'UTC') >= 6) = (extract(isodow from w.hour at time zone 'UTC') >= 6)
   group by w.hour
), bounds as (
  select sum(low) as low, sum(high) as high from hourly
)`;
}

const quantiles = `round(percentile_cont(0.05) within group (order by s.value)::numeric, 4)::float8 as low,
    round(percentile_cont(0.95) within group (order by s.value)::numeric, 4)::float8 as high`;

function hourValues(of: Reproduced, quantity: string): string {
  return `used as (
  select date_trunc('hour', u.ts, 'UTC') as hour, ${quantity} as value ${inHistory(of)}
   group by 1
), history as (
  select a.hour, coalesce(used.value, 0)::float8 as value
  from generate_series(${instant(numberOf(of, 'knownSince'))},
    ${instant(numberOf(of, 'knownUntil'))} - interval '1 hour', interval '1 hour') a (hour)
  left join used using (hour)
  where a.hour <> all ((${textArray(textsOf(of, 'leftOut'))})::timestamptz[])
)`;
}
