import { exitCodes, KeyctlError } from '../domain/errors.js';

/** Until the keys are made, a lost answer leaves nothing in doubt: what waits in the database does not count. */
export function nothingImported(error: unknown): unknown {
  if (!(error instanceof KeyctlError) || error.outcome !== 'unknown') return error;
  return new KeyctlError({
    code: 'unreachable',
    message: 'the connection was lost while the file was read; nothing was imported',
    hint: 'run the same command again',
    exitCode: error.exitCode === exitCodes.unknown ? exitCodes.unreachable : error.exitCode,
    cause: error,
  });
}

/** The same error, saying what is true of the batches before it. */
export function importedBefore(error: unknown, imported: number): unknown {
  if (!(error instanceof KeyctlError)) return error;
  const { code, exitCode, outcome, operationId, cause } = error;
  return new KeyctlError({
    code,
    exitCode,
    outcome: outcome === 'not_done' && imported > 0 ? 'partial' : outcome,
    message: `${error.message}; ${imported} keys were imported before that`,
    hint: 'run the same command again: it imports what is missing and changes nothing else',
    ...(operationId === null ? {} : { operationId }),
    cause,
  });
}
