import { answer, instant, type Reproduced, textArray } from './sql-text.js';

/** Whole days since the last request of any key of the family. */
export function staleSql({ candidate, keys }: Reproduced): string {
  const now = instant(candidate.windowEnd);
  return answer(
    `select floor(extract(epoch from ${now} - max(u.ts)) / 86400) from keyctl.usage_events u
   where u.key_id = any (${textArray(keys)}) and u.ts < ${now}`,
    0,
    candidate.expectedHigh,
  );
}
