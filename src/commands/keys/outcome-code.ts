import type { Changes } from '../../actions/each-key.js';
import { type ExitCode, exitCodes } from '../../domain/errors.js';

/** One number for several outcomes: 6 when some keys failed, the common code when all did (75 before any other). */
export function outcomeCode({ outcomes }: Changes<unknown>): ExitCode {
  const codes = outcomes.flatMap(({ error }) => (error === null ? [] : [error.exitCode]));
  const [first] = codes;
  if (first === undefined) return exitCodes.done;
  if (codes.length < outcomes.length) return exitCodes.partial;
  if (codes.includes(exitCodes.unknown)) return exitCodes.unknown;
  return codes.every((code) => code === first) ? first : exitCodes.partial;
}
