import { accepted, answer, inHistory, inWindow, type Reproduced, textArray, textsOf } from './sql-text.js';

/** Accepted requests in those hours, and requests in the same hours of all days of their kind before. */
export function offHoursSql(of: Reproduced): string {
  const hours = `(${textArray(textsOf(of, 'hours'))})::timestamptz[]`;
  const kind = "extract(isodow from u.ts at time zone 'UTC') >= 6";
  return answer(
    `select count(*) ${inWindow(of, accepted, `date_trunc('hour', u.ts, 'UTC') = any (${hours})`)}`,
    0,
    `select count(*) ${inHistory(
      of,
      `extract(hour from u.ts at time zone 'UTC') = any (array(select extract(hour from h at time zone 'UTC') from unnest(${hours}) h))`,
      `(${kind}) = ${of.candidate.query.weekend === true}`,
    )}`,
  );
}
