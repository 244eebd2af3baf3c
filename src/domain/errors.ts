/** What a change's caller can rely on after an error: nothing happened, some of it did, or nobody knows. */
export type Outcome = 'not_done' | 'unknown' | 'partial';

/** Every exit code of the contract (CLI.md), by the name the code uses for it. */
export const exitCodes = {
  done: 0,
  bug: 1,
  usage: 2,
  notFound: 3,
  state: 4,
  confirmation: 5,
  partial: 6,
  check: 7,
  undelivered: 8,
  unreachable: 69,
  embedded: 73,
  unknown: 75,
  permission: 77,
  config: 78,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface ErrorParts {
  /** Stable, snake_case; programs match on it. */
  readonly code: string;
  /** One line, no secret, no SQL, no parameter of a statement. */
  readonly message: string;
  readonly exitCode: ExitCode;
  /** A command to run next, or the sentence that says what to do. */
  readonly hint?: string;
  readonly outcome?: Outcome;
  readonly operationId?: string;
  /** Kept for --debug only; never printed otherwise. */
  readonly cause?: unknown;
}

/** The one error kind that carries words for people; only `run` catches it to report. */
export class KeyctlError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint: string | null;
  readonly outcome: Outcome;
  readonly operationId: string | null;

  constructor(parts: ErrorParts) {
    super(parts.message, parts.cause === undefined ? {} : { cause: parts.cause });
    this.name = 'KeyctlError';
    this.code = parts.code;
    this.exitCode = parts.exitCode;
    this.hint = parts.hint ?? null;
    this.outcome = parts.outcome ?? 'not_done';
    this.operationId = parts.operationId ?? null;
  }
}

/** Exit 2: a flag, argument or value is wrong. `flag` is named first, the example shows a right one. */
export function usageError(flag: string, problem: string, example: string): KeyctlError {
  return new KeyctlError({
    code: 'usage',
    message: `${flag}: ${problem}`,
    hint: example,
    exitCode: exitCodes.usage,
  });
}

/** Exit 3. The message always names the database that was looked in. */
export function notFoundError(what: string, target: string, hint: string): KeyctlError {
  return new KeyctlError({
    code: 'not_found',
    message: `${what} not found in ${target}`,
    hint,
    exitCode: exitCodes.notFound,
  });
}

/** Exit 130. The message says where things stand; a change that was sent has an unknown outcome. */
export function interruptedError(
  standing: string,
  parts: Pick<ErrorParts, 'hint' | 'outcome' | 'operationId'> = {},
): KeyctlError {
  return new KeyctlError({
    code: 'interrupted',
    message: `interrupted; ${standing}`,
    exitCode: exitCodes.interrupted,
    ...parts,
  });
}

/** Exit 78: configuration refused; nothing was opened. */
export function configError(code: string, message: string, hint: string): KeyctlError {
  return new KeyctlError({ code, message, hint, exitCode: exitCodes.config });
}
