import { expect } from 'vitest';
import { KeyctlError } from '../../src/domain/errors.js';

/** The usage error that `act` must throw: exit 2, its flag first, one line, a hint. */
export function usageErrorOf(flag: string, act: () => unknown): KeyctlError {
  try {
    act();
  } catch (error) {
    if (!(error instanceof KeyctlError)) throw error;
    expect(error).toMatchObject({ code: 'usage', exitCode: 2, outcome: 'not_done' });
    expect(error.message.startsWith(`${flag}: `), error.message).toBe(true);
    expect(error.message).not.toMatch(/\n/);
    expect(error.hint).toBeTruthy();
    return error;
  }
  throw new Error(`${flag} was accepted`);
}
