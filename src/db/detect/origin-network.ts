import { accepted, answer, inWindow, learned, quoted, type Reproduced, textOf } from './sql-text.js';

/** Requests from the network, and how many of it were accepted before. */
export function originNetworkSql(of: Reproduced): string {
  const network = `u.ip <<= inet ${quoted(textOf(of, 'network'))}`;
  return answer(
    `select count(*) ${inWindow(of, network)}`,
    0,
    `select count(*) ${learned(of, network, accepted)}`,
  );
}
