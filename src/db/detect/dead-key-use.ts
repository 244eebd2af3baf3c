import {
  accepted,
  answer,
  inWindow,
  quoted,
  type Reproduced,
  refused,
  textArray,
  textOf,
  textsOf,
} from './sql-text.js';

/** Uses of the dead key: those that were accepted, or the attempts that were refused. */
export function deadKeyUseSql(of: Reproduced): string {
  const key = `u.key_id = ${quoted(textOf(of, 'key'))}`;
  if (of.candidate.query.accepted === true)
    return answer(`select count(*) ${inWindow(of, key, accepted)}`, 0, 0);
  const ips = textsOf(of, 'ips');
  const address = ips.length === 0 ? [] : [`u.ip_text = any (${textArray(ips)})`];
  return answer(`select count(*) ${inWindow(of, key, refused, ...address)}`, 0, 0);
}
