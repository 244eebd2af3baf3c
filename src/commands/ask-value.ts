import { KeyctlError, usageError } from '../domain/errors.js';
import type { Safe } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';

export interface Asked<T> {
  readonly flag: string;
  readonly example: string;
  readonly question: Safe;
  /** Throws a usage error, as the parser of the flag does. */
  readonly parse: (text: string) => T;
}

/** Refuses (2) a missing value where nobody can be asked for it, before anything is opened. */
export function requireValue<T>(rt: Runtime, given: T | undefined, { flag, example }: Asked<T>): void {
  if (given === undefined && !rt.canAsk) throw usageError(flag, 'is required', `${flag} ${example}`);
}

/** The value that was given, or the one that is typed now. */
export async function askValue<T>(rt: Runtime, given: T | undefined, asked: Asked<T>): Promise<T> {
  if (given !== undefined) return given;
  const answer = await rt.prompts.text(asked.question, {
    check(text) {
      try {
        asked.parse(text);
        return true;
      } catch (error) {
        if (!(error instanceof KeyctlError)) throw error;
        return `${error.message}. For example: ${error.hint ?? asked.example}`;
      }
    },
  });
  return asked.parse(answer);
}
