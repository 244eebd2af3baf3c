import { accepted, answer, ofAddress, type Reproduced } from './sql-text.js';

/** Refusals of the address with any key, and with names that are no keys. */
export function successAfterStuffingSql(of: Reproduced): string {
  const keys = `select count(*) ${ofAddress('usage_events', of, 'u.status = 401')}`;
  const names = `select count(*) ${ofAddress('stray_events', of, `not ${accepted}`)}`;
  return answer(`select (${keys}) + (${names})`, 0, of.candidate.expectedHigh);
}
