import { answer, inWindow, quoted, type Reproduced, refused, textOf } from './sql-text.js';

/** Refusals of the host with the key that was replaced. */
export function notMigratedSql(of: Reproduced): string {
  const key = `u.key_id = ${quoted(textOf(of, 'key'))}`;
  const address = `u.ip_text = ${quoted(of.candidate.ip ?? '')}`;
  return answer(`select count(*) ${inWindow(of, key, address, refused)}`, 0, 0);
}
