import { isFresh } from './fresh-endpoints.js';
import { accepted, answer, inWindow, learned, quoted, type Reproduced } from './sql-text.js';

/** New endpoints that were asked, by the address where it is new too; and how many of them were accepted before. */
export function newEndpointsSql(of: Reproduced): string {
  const { ip } = of.candidate;
  const asked = ip === null ? [accepted] : [`u.ip_text = ${quoted(ip)}`, 'u.status is distinct from 401'];
  return answer(
    `select count(distinct u.endpoint) ${inWindow(of, isFresh(of), ...asked)}`,
    0,
    `select count(distinct u.endpoint) ${learned(of, isFresh(of), accepted)}`,
  );
}
