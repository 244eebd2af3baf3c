import { isFresh } from './fresh-endpoints.js';
import { answer, inWindow, quoted, type Reproduced } from './sql-text.js';

/** New endpoints that the address asked for in ten minutes. */
export function enumerationSql(of: Reproduced): string {
  const address = `u.ip_text = ${quoted(of.candidate.ip ?? '')}`;
  return answer(
    `select count(distinct u.endpoint) ${inWindow(of, address, isFresh(of))}`,
    0,
    of.candidate.expectedHigh,
  );
}
