import { accepted, answer, inWindow, type Reproduced, textArray, textsOf } from './sql-text.js';

/** Addresses that were accepted within the half hour, at home and elsewhere; and those at home. */
export function concurrentOriginsSql(of: Reproduced): string {
  const addresses = (name: string) => `u.ip_text = any (${textArray(textsOf(of, name))})`;
  return answer(
    `select count(distinct u.ip_text) ${inWindow(of, addresses('ips'), accepted)}`,
    1,
    `select count(distinct u.ip_text) ${inWindow(of, addresses('homeIps'), accepted)}`,
  );
}
