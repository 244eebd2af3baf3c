import { answer, ofAddress, type Reproduced, refused, textArray, textsOf } from './sql-text.js';

/** Keys that refused the address. */
export function stuffingSql(of: Reproduced): string {
  const keys = `u.key_id = any (${textArray(textsOf(of, 'keys'))})`;
  return answer(
    `select count(distinct u.key_id) ${ofAddress('usage_events', of, keys, refused)}`,
    0,
    of.candidate.expectedHigh,
  );
}
