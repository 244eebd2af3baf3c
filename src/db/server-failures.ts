import { exitCodes } from '../domain/errors.js';
import type { Failure, FailureContext, FailureFacts } from './failures.js';

type Words = (facts: FailureFacts, place: string, context: FailureContext) => Failure;

const unreachable = (message: string, hint = 'keyctl doctor'): Failure => ({
  code: 'unreachable',
  message,
  hint,
  exitCode: exitCodes.unreachable,
});

const config = (code: string, message: string, hint: string): Failure => ({
  code,
  message,
  hint,
  exitCode: exitCodes.config,
});

const permission = (code: string, message: string, hint: string): Failure => ({
  code,
  message,
  hint,
  exitCode: exitCodes.permission,
});

/** 3F000, 42P01, 42883, 42703: a table, function or column of ours is not there, so the migrations have not run (or a newer keyctl's). */
const schemaMissing: Words = (_facts, place) =>
  config('schema_missing', `keyctl's schema in ${place} is missing or out of date`, 'keyctl db migrate');

/** By SQLSTATE, then by its class (first two characters). Only what has something to say is listed. */
const bySqlstate: Readonly<Record<string, Words>> = {
  '28P01': (_facts, place) =>
    permission(
      'login_refused',
      `${place}: the password was refused`,
      'set PGPASSWORD, or the password in DATABASE_URL',
    ),
  '28000': (_facts, place) =>
    permission(
      'login_refused',
      `${place}: the server does not let this role in`,
      'check PGUSER and the server’s pg_hba.conf',
    ),
  '3D000': (_facts, place) =>
    config('no_database', `${place} does not exist`, 'createdb NAME, then: keyctl db migrate'),
  '42501': (_facts, place, context) =>
    permission(
      'permission_denied',
      `permission denied in ${place}; a change needs keyctl_operator, policies and roles need keyctl_admin, audit reads need keyctl_auditor`,
      `keyctl db roles grant ${context.target?.role ?? 'USER'} ${context.sent === 'change' ? 'keyctl_operator' : 'keyctl_viewer'}`,
    ),
  '25006': (_facts, place) =>
    config('read_only', `${place} is read-only (a standby?)`, 'set PGHOST to the primary server'),
  '3F000': schemaMissing,
  '42P01': schemaMissing,
  '42883': schemaMissing,
  '42703': schemaMissing,
  '55P03': (_facts, place, context) => blocked('waited too long for a lock', place, context),
  '57014': (_facts, place, context) => blocked('did not finish in time and was cancelled', place, context),
  '40P01': (_facts, place) =>
    unreachable(`${place}: deadlock, nothing was done`, 'run the same command again'),
  '40001': (_facts, place) =>
    unreachable(`${place}: conflict, nothing was done`, 'run the same command again'),
  '57P03': (_facts, place) =>
    unreachable(`${place} is starting up or shutting down`, 'try again in a moment'),
  // A pooler that multiplexes sessions refuses session settings at start-up; without them no wait would have a limit.
  '08P01': (_facts, place) =>
    config(
      'pooler_refused',
      `${place} refuses session settings; a connection pooler?`,
      'connect to the PostgreSQL server itself instead of the pooler',
    ),
  ECONNREFUSED: (_facts, place) => unreachable(`${place}: nothing listens there (connection refused)`),
  ENOENT: (_facts, place) => unreachable(`${place}: there is no such socket; is the server running?`),
  EACCES: (_facts, place) =>
    permission('socket_refused', `${place}: the socket may not be opened by this user`, 'keyctl doctor'),
  ENOTFOUND: (_facts, place) =>
    unreachable(`${place}: the host name is not known`, 'check PGHOST or DATABASE_URL'),
  EAI_AGAIN: (_facts, place) => unreachable(`${place}: the name server does not answer`),
  EHOSTUNREACH: (_facts, place) => unreachable(`${place}: no route to the host`),
  ENETUNREACH: (_facts, place) => unreachable(`${place}: no route to the network`),
  CONNECTION_ENDED: (_facts, place) => unreachable(`${place} closed the connection before this was sent`),
  '53': (facts, place) => unreachable(`${place} is out of resources (${facts.code}), nothing was done`),
  '58': (facts, place) =>
    unreachable(`${place} has an input or output error (${facts.code}), nothing was done`),
  '23': (facts) => ({
    code: 'constraint_violated',
    exitCode: exitCodes.bug,
    message: `the database refused a value: ${facts.constraint ?? facts.table ?? 'a constraint'} (${facts.code})`,
  }),
};

function blocked(what: string, place: string, context: FailureContext): Failure {
  const [first, ...others] = context.blockers ?? [];
  const holder =
    first === undefined ? '' : `; held by ${first}${others.length > 0 ? `, and ${others.length} more` : ''}`;
  const pid = first === undefined ? null : /process (\d+)/.exec(first);
  const hint =
    pid === null
      ? 'run the same command again'
      : `psql -c 'select pg_terminate_backend(${pid[1]})', then run it again`;
  return { ...unreachable(`${place} ${what}, nothing was done${holder}`, hint), code: 'blocked' };
}

/** Words for a SQLSTATE or a socket's code; anything unknown is a bug and shows no more than its code. */
export function serverFailures(facts: FailureFacts, place: string, context: FailureContext): Failure {
  const words =
    bySqlstate[facts.code] ??
    (/^[0-9A-Z]{5}$/.test(facts.code) ? bySqlstate[facts.code.slice(0, 2)] : undefined);
  if (words !== undefined) return words(facts, place, context);
  const code = facts.code === '' ? 'no code' : facts.code;
  return {
    code: 'database_error',
    exitCode: exitCodes.bug,
    message: `${place} failed in a way keyctl does not know (${code})`,
  };
}
