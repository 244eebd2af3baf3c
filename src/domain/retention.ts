import { parseDuration } from './duration.js';
import { usageError } from './errors.js';

/** Budgets are summed over the running month, so usage is kept for longer than that; the kernel refuses less too. */
export const leastKeptDays = 35;

/** Seconds that usage is kept, of `--keep`. @throws KeyctlError 2 when that is too short */
export function parseKeep(text: string): number {
  const seconds = parseDuration('--keep', text);
  if (seconds >= leastKeptDays * 86_400) return seconds;
  throw usageError(
    '--keep',
    `at least ${leastKeptDays}d: budgets are summed over the running month`,
    '--keep 400d',
  );
}
