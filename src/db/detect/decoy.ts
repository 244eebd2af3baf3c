import { answer, inWindow, quoted, type Reproduced, textArray, textsOf } from './sql-text.js';

/** Requests with the decoy, from one address. */
export function decoySql(of: Reproduced): string {
  const { ip } = of.candidate;
  const address = ip === null ? 'u.ip_text is null' : `u.ip_text = ${quoted(ip)}`;
  return answer(
    `select count(*) ${inWindow(of, `u.key_id = any (${textArray(textsOf(of, 'decoys'))})`, address)}`,
    0,
    0,
  );
}
