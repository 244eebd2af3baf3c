import { type Reproduced, textArray, textsOf } from './sql-text.js';

/** Whether an endpoint was new: named by those that were, or by those that were not, whichever are fewer. */
export function isFresh(of: Reproduced): string {
  const fresh = textsOf(of, 'freshEndpoints');
  if (fresh.length > 0) return `u.endpoint = any (${textArray(fresh)})`;
  return `u.endpoint <> all (${textArray(textsOf(of, 'knownEndpoints'))})`;
}
