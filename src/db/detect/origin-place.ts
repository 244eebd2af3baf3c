import { accepted, answer, inWindow, learned, type Reproduced, textArray, textsOf } from './sql-text.js';

/** Requests from the addresses of that place, and how many of them were accepted before; the database knows no places. */
export function originPlaceSql(of: Reproduced): string {
  const addresses = `u.ip_text = any (${textArray(textsOf(of, 'ips'))})`;
  return answer(
    `select count(*) ${inWindow(of, addresses)}`,
    0,
    `select count(*) ${learned(of, addresses, accepted)}`,
  );
}
