import { accepted, answer, inWindow, quoted, type Reproduced, textOf } from './sql-text.js';

/** Answers 429 of the key in the hour; or accepted requests, against its limit as it is now. */
export function rateSql(of: Reproduced): string {
  const key = quoted(textOf(of, 'key'));
  if (of.candidate.query.status === 429)
    return answer(
      `select count(*) ${inWindow(of, `u.key_id = ${key}`, 'u.status = 429')}`,
      0,
      of.candidate.expectedHigh,
    );
  return answer(
    `select count(*) ${inWindow(of, `u.key_id = ${key}`, accepted)}`,
    0,
    `select k.rph from keyctl.keys k where k.id = ${key}`,
  );
}
