import { answer, inWindow, quoted, type Reproduced } from './sql-text.js';

/** Refusals from the address, the hour before it was accepted included. */
export function successAfterBurstSql(of: Reproduced): string {
  const address = `u.ip_text = ${quoted(of.candidate.ip ?? '')}`;
  return answer(`select count(*) ${inWindow(of, address, 'u.status = 401')}`, 0, of.candidate.expectedHigh);
}
