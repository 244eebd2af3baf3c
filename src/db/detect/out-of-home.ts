import { answer, inWindow, type Reproduced, textArray, textsOf } from './sql-text.js';

/** Requests with a key that was recognised, from the addresses that are not its home. */
export function outOfHomeSql(of: Reproduced): string {
  const addresses = `u.ip_text = any (${textArray(textsOf(of, 'ips'))})`;
  return answer(`select count(*) ${inWindow(of, addresses, 'u.status is distinct from 401')}`, 0, 0);
}
