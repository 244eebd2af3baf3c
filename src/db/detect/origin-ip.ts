import { accepted, answer, inWindow, learned, quoted, type Reproduced } from './sql-text.js';

/** Requests from the address, and how many of it were accepted before. */
export function originIpSql(of: Reproduced): string {
  const address = `u.ip_text = ${quoted(of.candidate.ip ?? '')}`;
  return answer(
    `select count(*) ${inWindow(of, address)}`,
    0,
    `select count(*) ${learned(of, address, accepted)}`,
  );
}
