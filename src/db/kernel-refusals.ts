import { type ExitCode, exitCodes } from '../domain/errors.js';
import type { Failure } from './failures.js';

interface Refusal {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint?: string;
}

/** The SQLSTATEs that functions in schema `keyctl` raise by themselves (F35), and what they mean to a caller. */
const refusals: Readonly<Record<string, Refusal>> = {
  KC403: { code: 'permission_denied', exitCode: exitCodes.permission },
  KC404: { code: 'not_found', exitCode: exitCodes.notFound },
  KC409: { code: 'refused_by_state', exitCode: exitCodes.state },
  KC422: { code: 'bad_value', exitCode: exitCodes.usage },
};

/**
 * The refusal behind a SQLSTATE of ours, in the words of the kernel function; null for every other SQLSTATE.
 * Codes that are not in the table are bugs (exit 1) and still show the kernel's words.
 */
export function kernelRefusals(sqlstate: string, message: string): Failure | null {
  if (!/^KC[0-9A-Z]{3}$/.test(sqlstate)) return null;
  const refusal = refusals[sqlstate] ?? { code: 'kernel_refused', exitCode: exitCodes.bug };
  return { ...refusal, message: message.split('\n')[0] ?? sqlstate };
}
