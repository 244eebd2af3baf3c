import { accepted, inHistory, inWindow, type Reproduced } from './sql-text.js';

/** Errors of the hour, and how many there would be at the usual share (by the rule of succession). */
export function errorRateSql(of: Reproduced): string {
  const counts = (rows: string) =>
    `select count(*)::float8 as requests, count(*) filter (where not ${accepted})::float8 as errors ${rows}`;
  return `with hour as (
  ${counts(inWindow(of))}
), usual as (
  ${counts(inHistory(of))}
)
select
  hour.errors as observed,
  0::float8 as expected_low,
  ceil((usual.errors + 1) / (usual.requests + 2) * hour.requests) as expected_high
from hour, usual`;
}
