import { answer, inWindow, quoted, type Reproduced } from './sql-text.js';

/** Requests from the listed address. */
export function listedIpSql(of: Reproduced): string {
  return answer(`select count(*) ${inWindow(of, `u.ip_text = ${quoted(of.candidate.ip ?? '')}`)}`, 0, 0);
}
