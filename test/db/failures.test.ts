import { inspect } from 'node:util';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { DeadlineError } from '../../src/db/deadline.js';
import { asKeyctlError, type FailureContext } from '../../src/db/failures.js';
import { exitCodes, KeyctlError } from '../../src/domain/errors.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';

const target = { host: 'db.example.com', port: 5432, database: 'payments', role: 'alice', embedded: false };
const canary = 'fie_alice_canary0SECRETSECRET';

/** An error as the driver makes it: SQLSTATE and the rest as properties. */
const serverError = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`server says ${canary}`), { code, detail: `Key (hash)=(${canary})`, ...more });

const mapped = (error: unknown, context: Partial<FailureContext> = {}): KeyctlError =>
  asKeyctlError(error, { sent: 'read', target, ...context });

/** Everything that could end up in a terminal, a log or a bug report. */
function everything(error: KeyctlError): string {
  const { cause, ...fields } = { ...error, cause: error.cause };
  const texts = [error.message, error.stack, String(error), JSON.stringify(error), JSON.stringify(fields)];
  return [...texts, inspect(error, { depth: 9, showHidden: true }), JSON.stringify(cause)].join('\n');
}

describe('by SQLSTATE or socket code', () => {
  it.each([
    ['42501', exitCodes.permission, 'permission_denied'],
    ['28P01', exitCodes.permission, 'login_refused'],
    ['28000', exitCodes.permission, 'login_refused'],
    ['3D000', exitCodes.config, 'no_database'],
    ['3F000', exitCodes.config, 'schema_missing'],
    ['42P01', exitCodes.config, 'schema_missing'],
    ['42883', exitCodes.config, 'schema_missing'],
    ['42703', exitCodes.config, 'schema_missing'],
    ['25006', exitCodes.config, 'read_only'],
    ['08P01', exitCodes.config, 'pooler_refused'],
    ['55P03', exitCodes.unreachable, 'blocked'],
    ['57014', exitCodes.unreachable, 'blocked'],
    ['40P01', exitCodes.unreachable, 'unreachable'],
    ['40001', exitCodes.unreachable, 'unreachable'],
    ['53300', exitCodes.unreachable, 'unreachable'],
    ['58030', exitCodes.unreachable, 'unreachable'],
    ['57P03', exitCodes.unreachable, 'unreachable'],
    ['ECONNREFUSED', exitCodes.unreachable, 'unreachable'],
    ['ENOTFOUND', exitCodes.unreachable, 'unreachable'],
    ['ENOENT', exitCodes.unreachable, 'unreachable'],
    ['CONNECTION_ENDED', exitCodes.unreachable, 'unreachable'],
    ['23505', exitCodes.bug, 'constraint_violated'],
    ['22P02', exitCodes.bug, 'database_error'],
    ['KC404', exitCodes.notFound, 'not_found'],
    ['KC409', exitCodes.state, 'refused_by_state'],
    ['KC422', exitCodes.usage, 'bad_value'],
    ['KC500', exitCodes.bug, 'kernel_refused'],
  ])('%s ends with exit %i, %s, and nothing done', (sqlstate, exitCode, code) => {
    expect(mapped(serverError(sqlstate), { sent: 'change' })).toMatchObject({
      exitCode,
      code,
      outcome: 'not_done',
    });
  });

  it.each([
    'CONNECTION_CLOSED',
    'CONNECTION_DESTROYED',
    'ECONNRESET',
    'EPIPE',
    '57P01',
    '57P02',
    '25P03',
    '25P04',
  ])('%s after a change was sent is an unknown outcome, else 69', (code) => {
    expect(mapped(serverError(code), { sent: 'change', operationId: 'op-1' })).toMatchObject({
      exitCode: 75,
      outcome: 'unknown',
      operationId: 'op-1',
    });
    expect(mapped(serverError(code), { sent: 'read' })).toMatchObject({ exitCode: 69, outcome: 'not_done' });
    expect(mapped(serverError(code), { sent: 'nothing' })).toMatchObject({
      exitCode: 69,
      outcome: 'not_done',
    });
  });

  it('a deadline counts as a lost connection', () => {
    expect(mapped(new DeadlineError(5), { sent: 'change' })).toMatchObject({ exitCode: 75 });
    expect(mapped(new DeadlineError(5), { sent: 'read' })).toMatchObject({ exitCode: 69 });
  });
});

describe('the words', () => {
  it('name the database, and for a permission the role to grant', () => {
    const { message, hint } = mapped(serverError('42501'), { sent: 'change' });
    expect(message).toContain('database payments on db.example.com:5432 as alice');
    expect(hint).toBe('keyctl db roles grant alice keyctl_operator');
    expect(mapped(serverError('42501')).hint).toBe('keyctl db roles grant alice keyctl_viewer');
  });

  it('of our own kernel are shown as they are', () => {
    const refusal = Object.assign(new Error('key_1 was replaced by key_2'), { code: 'KC409' });
    expect(mapped(refusal).message).toBe('key_1 was replaced by key_2');
  });

  it('keep SQLSTATE and constraint', () => {
    const error = mapped(serverError('23505', { constraint_name: 'one_active_key', table_name: 'api_keys' }));
    expect(error.message).toContain('one_active_key (23505)');
    expect(error.cause).toEqual({
      code: '23505',
      constraint: 'one_active_key',
      table: 'api_keys',
      routine: null,
    });
  });

  it('of an error that already has them are left alone', () => {
    const own = new KeyctlError({ code: 'x', message: 'y', exitCode: exitCodes.state });
    expect(asKeyctlError(new Error('wrapped', { cause: own }), { sent: 'read' })).toBe(own);
  });
});

describe('what was thrown does not show (F5, F41)', () => {
  let database: TestDatabase;
  let connection: Connection;
  beforeAll(async () => {
    database = await freshDatabase(undefined, 'empty');
    connection = await database.connect();
    await connection.sql.unsafe(
      `create table public.secrets (hash text constraint secrets_hash unique, n int constraint positive check (n > 0));
       insert into public.secrets values ('${canary}', 1)`,
    );
  });
  afterAll(() => database.drop());

  it.each([
    ['a duplicate', sql`insert into public.secrets values (${canary}, ${1})`, 'secrets_hash'],
    ['a failed check', sql`insert into public.secrets values (${`${canary}2`}, ${0})`, 'positive'],
  ])('of %s: no parameter and no row, in any form', async (_name, statement, constraint) => {
    const raw = await connection.execute(statement).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    // The hazard is real: Drizzle's own error shows the value, or this test would prove nothing.
    expect(inspect(raw, { depth: 9 })).toContain(canary);
    const error = asKeyctlError(raw, { sent: 'change', target: connection.target });
    expect(everything(error)).not.toContain(canary);
    expect(error.message).toContain(constraint);
  });

  it('of an error that never met a server: not even its message', () => {
    expect(everything(mapped(new TypeError(canary)))).not.toContain(canary);
    expect(everything(mapped(canary))).not.toContain(canary);
  });
});
