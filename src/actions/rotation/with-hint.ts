import { KeyctlError } from '../../domain/errors.js';

/** Adds the command that helps to a refusal of the kernel, which knows the reason and no command. */
export async function withHint<T>(work: Promise<T>, hint: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof KeyctlError) || error.hint !== null || error.code !== 'refused_by_state')
      throw error;
    const { code, message, exitCode, outcome } = error;
    throw new KeyctlError({ code, message, exitCode, outcome, hint, cause: error });
  }
}
