import { type ErrorParts, type ExitCode, exitCodes, KeyctlError } from '../domain/errors.js';
import { DeadlineError } from './deadline.js';
import { kernelRefusals } from './kernel-refusals.js';
import { serverFailures } from './server-failures.js';
import { type Target, targetName } from './settings.js';

/** What was under way when it failed. */
export interface FailureContext {
  /** `nothing`: the failure came before any statement. `read`: nothing can have changed. `change`: it may have happened. */
  readonly sent: 'nothing' | 'read' | 'change';
  readonly operationId?: string;
  readonly target?: Pick<Target, 'host' | 'port' | 'database' | 'role' | 'embedded'>;
  /** Who held the lock, from `blockersOf`. */
  readonly blockers?: readonly string[];
}

/** What is kept of a driver's error: names and codes, never a value. Safe to print under --debug. */
export interface FailureFacts {
  readonly code: string;
  readonly constraint: string | null;
  readonly table: string | null;
  readonly routine: string | null;
}

/** One row of the tables in `server-failures.ts` and `kernel-refusals.ts`. */
export interface Failure {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hint?: string;
}

/** What the driver, Node's sockets and our own socket say when a session that existed is gone. */
const lostCodes = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'KEYCTL_SESSION_LOST',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  '57P01', // the server is shutting down
  '57P02', // another backend crashed
  '57P05', // idle session ended
  '25P03', // idle transaction ended
  '25P04', // transaction_timeout
  '08000',
  '08003',
  '08006',
]);

/**
 * The one mapper from anything thrown by the driver, Drizzle or a socket to a `KeyctlError`. The thrown error is dropped,
 * not kept as a cause: `DrizzleQueryError` carries every parameter in message, stack and JSON, and the server's `detail` the
 * whole row, salt and verifier included (F5, F41). What stays is SQLSTATE, constraint, table and routine, as the cause.
 *
 * Lost or late: 69 while connecting or reading, 75 after a change was sent, with the operation id to ask about (F2).
 */
export function asKeyctlError(thrown: unknown, context: FailureContext): KeyctlError {
  const root = rootOf(thrown);
  if (root instanceof KeyctlError) return root;
  const facts = factsOf(root);
  const place = context.target === undefined ? 'the database' : targetName(context.target);
  if (root instanceof DeadlineError || lostCodes.has(facts.code)) return lost(facts, context, place);
  const failure =
    kernelRefusals(facts.code, kernelMessage(root, facts)) ?? serverFailures(facts, place, context);
  return keyctlError(failure, context, facts);
}

/** True when the server gave up waiting for a lock or for time, and the session is still usable. */
export function isBlocked(thrown: unknown): boolean {
  return ['55P03', '57014'].includes(factsOf(rootOf(thrown)).code);
}

/** True for what passes by itself while connecting: a server starting up, a tunnel not yet through. */
export function isPassing(thrown: unknown): boolean {
  const root = rootOf(thrown);
  return root instanceof KeyctlError
    ? root.code === 'closed_early'
    : factsOf(root).code === '57P03' || wasCut(root);
}

function wasCut(root: unknown): boolean {
  return ['KEYCTL_SESSION_LOST', 'CONNECTION_CLOSED', 'ECONNRESET'].includes(factsOf(root).code);
}

/** The SQLSTATE or driver code of anything thrown; empty when it has none. */
export function failureCode(thrown: unknown): string {
  return factsOf(rootOf(thrown)).code;
}

/** Drizzle wraps the driver's error in `cause`, Node wraps several attempts to connect in an AggregateError with a code. */
function rootOf(thrown: unknown): unknown {
  let error = thrown;
  for (let depth = 0; depth < 8; depth += 1) {
    if (!(error instanceof Error) || error instanceof KeyctlError) return error;
    if ('code' in error || !(error.cause instanceof Error)) return error;
    error = error.cause;
  }
  return error;
}

function factsOf(error: unknown): FailureFacts {
  const fields: Record<string, unknown> = error instanceof Error ? { ...error, code: codeOf(error) } : {};
  const text = (name: string): string | null => (typeof fields[name] === 'string' ? fields[name] : null);
  return {
    code: text('code') ?? '',
    constraint: text('constraint_name'),
    table: text('table_name'),
    routine: text('routine'),
  };
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined;
}

/** Texts raised by our own kernel functions are written for people and hold no secret; no other server text is shown. */
function kernelMessage(root: unknown, facts: FailureFacts): string {
  return facts.code.startsWith('KC') && root instanceof Error ? root.message : '';
}

function lost(facts: FailureFacts, context: FailureContext, place: string): KeyctlError {
  const why = facts.code === '' ? 'did not answer in time' : 'closed the connection';
  if (context.sent === 'change') return outcomeUnknown(why, place, facts, context.operationId);
  const doing = context.sent === 'read' ? ' while reading' : '';
  const failure: Failure = {
    code: 'unreachable',
    exitCode: exitCodes.unreachable,
    message: `${place} ${why}${doing}; nothing was changed`,
    hint: 'keyctl doctor',
  };
  return keyctlError(failure, context, facts);
}

function outcomeUnknown(
  why: string,
  place: string,
  cause: FailureFacts,
  operationId: string | undefined,
): KeyctlError {
  const again = operationId ?? 'UUID';
  return new KeyctlError({
    code: 'outcome_unknown',
    message: `${place} ${why} after the change was sent; it may or may not have happened (operation ${again})`,
    hint: `run the same command again with --operation-id ${again}: it never does the work twice`,
    exitCode: exitCodes.unknown,
    outcome: 'unknown',
    cause,
    ...(operationId === undefined ? {} : { operationId }),
  });
}

function keyctlError(failure: Failure, context: FailureContext, cause: FailureFacts): KeyctlError {
  const parts: ErrorParts = { ...failure, cause };
  return new KeyctlError(
    context.operationId === undefined ? parts : { ...parts, operationId: context.operationId },
  );
}
