import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../src/db/connect.js';
import { type FakeOptions, type Ran, runCommand } from './support/fake-machine.js';
import { freshDatabase, type TestDatabase } from './support/postgres.js';
import { auditOf, seedKey } from './support/seed-keys.js';
import { refusingPort } from './support/tcp-proxy.js';

/** What holds for every command: exit codes, the form of errors, global flags, what is never printed. */
let database: TestDatabase;
let admin: Connection;
const reason = 'leaked in acme/app commit 7a3f21';
const agreed = ['--reason', reason, '--yes'];

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());

const here = (argv: readonly string[], options: FakeOptions = {}) =>
  runCommand(argv, { database, role: 'test_operator', ...options });

interface Failing {
  readonly code: number;
  readonly when: string;
  /** Ready to be run, once. */
  readonly line: () => Promise<readonly [argv: readonly string[], options?: FakeOptions]>;
  readonly error: string;
  readonly says: RegExp;
}

/** One way to each exit code of the contract that is told by an error. */
const failures: readonly Failing[] = [
  {
    code: 1,
    when: 'the database fails in a way that nobody foresaw',
    async line() {
      const broken = await freshDatabase();
      const connection = await broken.connect();
      const key = await seedKey(connection);
      await connection.sql.unsafe(`create or replace function keyctl.check_reason(p_reason text) returns text
        language plpgsql as $$ begin raise exception using errcode = 'XX001', message = p_reason, detail = p_reason; end $$`);
      others.push(broken);
      return [['revoke', key.id, ...agreed], { database: broken }];
    },
    error: 'database_error',
    says: /failed in a way keyctl does not know \(XX001\)/,
  },
  {
    code: 2,
    when: 'a flag has a wrong value',
    line: async () => [['revoke', 'alice-prod', '--code', 'stolen', ...agreed]],
    error: 'usage',
    says: /--code .*leaked, departed/,
  },
  {
    code: 2,
    when: 'a KEY fits several keys',
    async line() {
      const name = `twice-${randomUUID()}`;
      await seedKey(admin, { name });
      await seedKey(admin, { name });
      return [['revoke', name, ...agreed]];
    },
    error: 'ambiguous',
    says: /twice-\S+ fits 2 keys: key_\w+ \(twice-\S+, active\), key_/,
  },
  {
    code: 3,
    when: 'there is no such key',
    line: async () => [['revoke', 'key_000000000000', ...agreed]],
    error: 'not_found',
    says: /key_000000000000 not found in database test_\w+ on \S+ as test_operator/,
  },
  {
    code: 5,
    when: 'nobody can be asked',
    line: async () => [['revoke', 'alice-prod', '--reason', reason]],
    error: 'not_confirmed',
    says: /no terminal/,
  },
  {
    code: 69,
    when: 'nothing listens',
    line: async () => [['keys', 'list'], nowhere(await refusingPort())],
    error: 'unreachable',
    says: /nothing listens there \(connection refused\)/,
  },
  {
    code: 73,
    when: 'the embedded database cannot be created',
    async line() {
      const home = await mkdtemp(path.join(inject('scratch'), 'home-'));
      await writeFile(path.join(home, 'file'), '');
      const create = ['keys', 'create', '--name', 'n', '--owner', 'a@example.com', '--deliver', 'stdout'];
      return [create, { env: { XDG_DATA_HOME: path.join(home, 'file') } }];
    },
    error: 'embedded_not_created',
    says: /could not be created or started \(EEXIST\)/,
  },
  {
    code: 77,
    when: 'the role may not do it',
    async line() {
      const key = await seedKey(admin);
      return [['revoke', key.id, ...agreed], { database, role: 'test_viewer' }];
    },
    error: 'permission_denied',
    says: /permission denied in .* as test_viewer; a change needs keyctl_operator/,
  },
  {
    code: 78,
    when: 'no database is configured',
    line: async () => [['keys', 'list'], { env: {} }],
    error: 'no_database_configured',
    says: /no database is configured/,
  },
  {
    code: 130,
    when: 'Ctrl-C answers a question',
    async line() {
      const key = await seedKey(admin);
      return [['revoke', key.id], { database, terminal: true, answers: [['Type', '\x03']] }];
    },
    error: 'interrupted',
    says: /interrupted; nothing was done/,
  },
];
const others: TestDatabase[] = [];
afterAll(async () => {
  for (const other of others) await other.drop();
});

function nowhere(port: number): FakeOptions {
  return { env: { DATABASE_URL: `postgres://x@127.0.0.1:${port}/x?sslmode=disable` } };
}

describe.each(failures)('exit $code, when $when', ({ code, line, error, says }) => {
  it('is told in one line and a line to try, with nothing on stdout', async () => {
    const [argv, options = { database, role: 'test_operator' }] = await line();
    const ran = await runCommand(argv, options);
    expect(ran).toMatchObject({ code, stdout: '' });
    const told = linesOfError(ran.stderr);
    expect(told[0]).toMatch(/^keyctl: \S/);
    expect(told[0]).toMatch(says);
    for (const more of told.slice(1)) expect(more).toMatch(/^ {2}(try|operation): \S/);
  });

  it('is told with --json in one line of JSON, with nothing on stdout', async () => {
    const [argv, options = { database, role: 'test_operator' }] = await line();
    const ran = await runCommand(['--json', ...argv], options);
    expect(ran).toMatchObject({ code, stdout: '' });
    const told = errorIn(ran);
    expect(told).toEqual({
      code: error,
      message: expect.stringMatching(says),
      hint: told.hint === null ? null : expect.any(String),
      exit_code: code,
      outcome: expect.stringMatching(/^(not_done|unknown|partial)$/),
      operation_id: told.operation_id === null ? null : expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});

/** What stands below a question, if there was one. */
function linesOfError(stderr: string): string[] {
  return stderr.slice(stderr.indexOf('keyctl: ')).trimEnd().split('\n');
}

function errorIn({ stderr }: Ran) {
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  const told = JSON.parse(last.slice(last.indexOf('{"error"')));
  expect(Object.keys(told)).toEqual(['error']);
  return told.error;
}

describe('exit codes that come with a result', () => {
  it('4: every key is replaced already', async () => {
    const replaced = await seedKey(admin, { status: 'replaced' });
    const ran = await here(['revoke', replaced.id, ...agreed]);
    expect(ran).toMatchObject({ code: 4, stdout: expect.stringContaining('already replaced') });
  });

  it('6: done for one key, not for the other', async () => {
    const key = await seedKey(admin);
    const ran = await here(['revoke', key.id, 'nobody-knows-it', ...agreed, '--json']);
    expect(ran.code).toBe(6);
    expect(JSON.parse(ran.stdout).results).toMatchObject([
      { key_id: key.id, outcome: 'revoked', error: null },
      { key_id: 'nobody-knows-it', outcome: 'not_found', error: expect.stringContaining('not found in') },
    ]);
  });

  it('7: a check found something', async () => {
    expect(await here(['keys', 'list', '--fail-on-found', '-o', 'ids'])).toMatchObject({
      code: 7,
      stderr: '',
    });
  });

  it('0: done, and done before', async () => {
    const key = await seedKey(admin);
    expect((await here(['revoke', key.id, ...agreed])).code).toBe(0);
    expect((await here(['revoke', key.id, ...agreed])).code).toBe(0);
  });
});

describe('a wrong command line (2) opens nothing and names what is wrong', () => {
  const closed: FakeOptions = { env: { DATABASE_URL: 'postgres://nobody@192.0.2.1:1/x' } };
  it.each<[argv: string[], says: RegExp, hint: string]>([
    [['revok', 'x'], /unknown command 'revok' \(Did you mean revoke\?\)/, 'keyctl --help'],
    [['keys', 'lst'], /unknown command 'lst' \(Did you mean list\?\)/, 'keyctl keys --help'],
    [['keys'], /COMMAND: which one\?/, 'keyctl keys --help'],
    [['revoke', '--sudo'], /unknown option '--sudo'/, 'keyctl revoke --help'],
    [
      ['keys', 'list', '--statsu', 'active'],
      /unknown option '--statsu' \(Did you mean --status\?\)/,
      'keyctl keys list --help',
    ],
    [['keys', 'list', 'extra'], /too many arguments for 'list'/, 'keyctl keys list --help'],
    [['revoke', 'x', '--reason'], /option '--reason <text>' argument missing/, 'keyctl revoke --help'],
    [
      ['-o', 'xml', 'keys', 'list'],
      /'-o, --output <format>' argument 'xml' is invalid\. Allowed choices are table/,
      'keyctl keys list --help',
    ],
    [
      ['keys', 'list', '--color', 'pink'],
      /'--color <when>' argument 'pink' is invalid/,
      'keyctl keys list --help',
    ],
    [['keys', 'list', '--timeout', '0s'], /--timeout: a duration of nothing/, '--timeout 24h'],
    [
      ['keys', 'list', '--timeout', '10'],
      /--timeout: "10" has no unit/,
      '--timeout 90d, or 24h, 1h30m, 15m, 30s, 2w',
    ],
    [
      ['keys', 'list', '--timeout', '-5s'],
      /--timeout: not a duration/,
      '--timeout 90d, or 24h, 1h30m, 15m, 30s, 2w',
    ],
    [
      ['revoke', 'x', '--operation-id', '42', ...agreed],
      /--operation-id: not a UUID/,
      '--operation-id 6f1c1e0a-7d5e-4e0b-9a53-1d2f3c4b5a69',
    ],
  ])('%j', async (argv, says, hint) => {
    const words = await runCommand(argv, closed);
    expect(words).toMatchObject({ code: 2, stdout: '' });
    const [first, second, ...more] = words.stderr.trimEnd().split('\n');
    expect([first, second, more]).toEqual([expect.stringMatching(/^keyctl: /), `  try: ${hint}`, []]);
    expect(first).toMatch(says);

    const json = await runCommand([...argv, '-o', 'json'], closed);
    expect(json).toMatchObject({ code: 2, stdout: '' });
    expect(errorIn(json)).toMatchObject({ code: 'usage', hint, exit_code: 2, outcome: 'not_done' });
  });
});

describe('the wish for JSON is heard, wherever and however it is said', () => {
  it.each([
    [['--json', 'keys', 'list', '--bad']],
    [['keys', 'list', '--bad', '--json']],
    [['keys', '-o', 'json', 'list', '--bad']],
    [['keys', 'list', '--bad', '--output=ndjson']],
    [['-ojson', 'keys', 'list', '--bad']],
  ])('%j', async (argv) => {
    expect(errorIn(await runCommand(argv))).toMatchObject({ code: 'usage', exit_code: 2 });
  });
});

describe('what is secret, and what is only for us, is never printed', () => {
  it.each<[when: string, argv: (token: string) => string[], more?: FakeOptions]>([
    ['typed as a command', (token) => [token]],
    ['typed as a flag', (token) => ['keys', 'list', `--${token}`]],
    ['a value of a flag', (token) => ['keys', 'list', '--sort', token]],
    ['a timeout', (token) => ['keys', 'list', '--timeout', token]],
    ['a KEY that is not ours', (token) => ['revoke', token, ...agreed]],
    ['a KEY with a wrong checksum', (token) => ['revoke', `${token.slice(0, -1)}!`, ...agreed]],
    ['the actor of a command without a database', (token) => ['keys', 'list', '--actor', token], { env: {} }],
    ['the env file', (token) => ['keys', 'list', '--env-file', `/nowhere/${token}`]],
    ['the name of a database', () => ['keys', 'list'], nowhere(1)],
  ])('a token as %s, with --debug or without, in words or JSON', async (_when, argv, more) => {
    const key = await seedKey(await otherDatabase());
    const secret = key.token.slice(key.redacted.length - 4);
    for (const flags of [[], ['--debug'], ['--json'], ['--json', '--debug']]) {
      const line = [...argv(key.token), ...flags];
      const ran = more === undefined ? await here(line) : await runCommand(line, more);
      expect(ran.code).not.toBe(0);
      expect(ran.stdout + ran.stderr).not.toContain(secret.slice(0, 20));
    }
  });

  it('nor is a statement, a parameter or a stack, when the database fails', async () => {
    const broken = await freshDatabase();
    others.push(broken);
    const connection = await broken.connect();
    const key = await seedKey(connection);
    await connection.sql.unsafe(
      'alter table keyctl.audit_log add constraint nope check (action is null) not valid',
    );
    for (const flags of [[], ['--json'], ['--debug']]) {
      const ran = await runCommand(['revoke', key.id, ...agreed, ...flags], { database: broken });
      expect(ran).toMatchObject({ code: 1, stdout: '' });
      expect(ran.stderr).toContain('nope (23514)');
      expect(ran.stderr).not.toMatch(new RegExp(`select|insert|${reason}|verifier|\\\\x[0-9a-f]{32}`, 'i'));
      if (!flags.includes('--debug')) expect(ran.stderr).not.toMatch(/^\s+at /m);
    }
    expect(await auditOf(connection, key.id)).toEqual([]);
  });

  it('nor can a hostile argument act on the terminal', async () => {
    const hostile = '\x1b]52;c;aGk=\x07\x1b[2J\r\u202e\u009b31m';
    for (const argv of [[hostile], ['keys', 'list', `--${hostile}`], ['revoke', hostile, ...agreed]]) {
      const ran = await here(argv);
      expect(ran.stderr).toContain('\\x1b]52;c;aGk=\\x07\\x1b[2J');
      expect(ran.stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    }
  });
});

/** A key of another database: not known here. */
async function otherDatabase(): Promise<Connection> {
  const [known] = others;
  const other = known ?? (await freshDatabase());
  if (known === undefined) others.push(other);
  return await other.connect();
}

describe('global flags', () => {
  it('stand before, between and behind the words of a command', async () => {
    for (const argv of [
      ['-o', 'ids', 'keys', 'list'],
      ['keys', '-o', 'ids', 'list'],
      ['keys', 'list', '-o', 'ids'],
      ['keys', 'list', '-oids'],
      ['keys', 'list', '--output=ids'],
    ]) {
      expect(await here(argv)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^key_\w{12}\n/) });
    }
  });

  it('--actor is written down as a claim, beside the role and the account', async () => {
    const key = await seedKey(admin);
    await here(['--actor', 'alice via incident bot', 'revoke', key.id, ...agreed]);
    expect(await auditOf(admin, key.id)).toMatchObject([
      { actor_db: 'test_operator', actor_os: 'tester', actor_claimed: 'alice via incident bot' },
    ]);
  });

  it('--no-input asks nothing, terminal or not (5)', async () => {
    const key = await seedKey(admin);
    const ran = await here(['revoke', key.id, '--reason', reason, '--no-input'], { terminal: true });
    expect(ran).toMatchObject({ code: 5, stdout: '' });
    expect(await auditOf(admin, key.id)).toEqual([]);
  });

  it('--quiet leaves out talk, not warnings, results and errors', async () => {
    const talk: FakeOptions = { terminal: { stderr: true } };
    const [first, second, third] = [await seedKey(admin), await seedKey(admin), await seedKey(admin)];
    const loud = await here(['revoke', first.id, ...agreed], talk);
    expect(loud.stderr).toContain('next  keyctl audit endpoints');
    const quiet = await here(['revoke', second.id, ...agreed, '--quiet'], talk);
    expect(quiet).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('revoked') });
    const warned = await here(['revoke', third.token, ...agreed, '-q'], talk);
    expect(warned.stderr).toContain('shell history');
    expect((await here(['revoke', 'nobody', ...agreed, '-q'])).stderr).toContain(
      'keyctl: key nobody not found',
    );
  });

  it('--debug shows where an error came from', async () => {
    const options = nowhere(await refusingPort());
    expect((await runCommand(['keys', 'list'], options)).stderr).not.toContain('ECONNREFUSED');
    expect((await runCommand(['keys', 'list', '--debug'], options)).stderr).toContain('ECONNREFUSED');
  });

  it('--color never and NO_COLOR take the colours out, --color always puts them in', async () => {
    const escapes = /\x1b\[/;
    expect((await here(['keys', 'list', '--color', 'always'])).stdout).toMatch(escapes);
    expect((await here(['keys', 'list', '--color', 'never'], { terminal: true })).stdout).not.toMatch(
      escapes,
    );
    const { DATABASE_URL: url = '' } = urlOf(database);
    const plain = await runCommand(['keys', 'list'], {
      terminal: true,
      env: { DATABASE_URL: url, NO_COLOR: '1' },
    });
    expect(plain.code).toBe(0);
    expect(plain.stdout).not.toMatch(escapes);
  });
});

function urlOf(of: TestDatabase): Record<string, string> {
  const { host, port } = of.settings();
  return { DATABASE_URL: `postgres://postgres@${encodeURIComponent(host)}:${port}/${of.name}` };
}

describe('-o', () => {
  const listed = async (format: string) => {
    const ran = await here(['keys', 'list', '--sort', 'name', '-o', format]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    return ran.stdout;
  };

  it('gives a list as a table, an object, lines of JSON, CSV and ids: the same keys', async () => {
    await seedKey(admin, { name: 'a, "quoted" name', owner: 'alice@example.com' });
    const { keys, next_cursor: cursor } = JSON.parse(await listed('json'));
    expect(cursor).toBeNull();
    const ids = keys.map((key: { key_id: string }) => key.key_id);
    const lines = (text: string) => text.trimEnd().split(/\r?\n/);
    expect(lines(await listed('ids'))).toEqual(ids);
    expect(lines(await listed('ndjson')).map((text) => JSON.parse(text))).toEqual(keys);
    const [heading, ...rows] = lines(await listed('csv'));
    expect(heading?.split(',').sort()).toEqual(Object.keys(keys[0]).sort());
    expect(rows.filter((row) => /key_\w{12}/.test(row)).length).toBe(ids.length);
    const table = lines(await listed('table'));
    expect(table.slice(1).map((row) => row.slice(0, 16))).toEqual(ids);
  });

  it('gives one record as an object, a line, a row and an id', async () => {
    const key = await seedKey(admin);
    await here(['revoke', key.id, ...agreed]);
    const revoked = (format: string) => here(['revoke', key.id, ...agreed, '-o', format]);
    const object = JSON.parse((await revoked('json')).stdout);
    const fields = ['operation_id', 'incident_id', 'results', 'revoked', 'already_revoked', 'failed'];
    expect(Object.keys(object)).toEqual(fields);
    const row = JSON.parse((await revoked('ndjson')).stdout);
    expect(row).toMatchObject({ key_id: key.id, outcome: 'already_revoked', verification: null });
    expect((await revoked('ids')).stdout).toBe(`${key.id}\n`);
    expect((await revoked('csv')).stdout).toMatch(
      new RegExp(`^key_id,outcome,.*\\r?\\n${key.id},already_revoked,`),
    );
  });

  it('refuses ids for what has none (2)', async () => {
    expect(await here(['help', 'exit-codes', '-o', 'ids'])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('no database configured (78)', () => {
  it.each([
    ['keys', 'list'],
    ['revoke', 'key_000000000000', ...agreed],
    ['keys', 'show', 'key_000000000000'],
    ['keys', 'suspend', 'key_000000000000', ...agreed],
    ['keys', 'identify', '-'],
    ['audit', 'log'],
    ['audit', 'verify'],
  ])('%s %s', async (...argv) => {
    const home = await mkdtemp(path.join(inject('scratch'), 'home-'));
    const ran = await runCommand(argv, { home, stdin: 'kc_7Q2mK9xZab3d****' });
    expect(ran).toMatchObject({ code: 78, stdout: '' });
    expect(ran.stderr).toMatch(/DATABASE_URL|keyctl db start/);
    await rm(home, { recursive: true });
  });

  it('is a question of configuration for a schema that is missing, too', async () => {
    const empty = await freshDatabase(undefined, 'empty');
    others.push(empty);
    const ran = await runCommand(['keys', 'list'], { database: empty });
    expect(ran).toMatchObject({ code: 78, stderr: expect.stringContaining('try: keyctl db migrate') });
  });

  it('and for one that is another program’s', async () => {
    const older = await freshDatabase();
    others.push(older);
    await (await older.connect()).sql`update keyctl.installation set schema_fingerprint = 'another'`;
    const ran = await runCommand(['revoke', 'key_000000000000', ...agreed], { database: older });
    expect(ran).toMatchObject({ code: 78, stderr: expect.stringContaining('another version of keyctl') });
  });
});

it('--operation-id gives the first outcome again, and does the work once', async () => {
  const [key, other] = [await seedKey(admin), await seedKey(admin)];
  const operation = randomUUID();
  const repeat = ['revoke', key.id, other.id, ...agreed, '--operation-id', operation, '--json'];
  const first = JSON.parse((await here(repeat)).stdout);
  const second = JSON.parse((await here(repeat)).stdout);
  expect(first).toMatchObject({ operation_id: operation, revoked: 2, already_revoked: 0 });
  expect(second).toEqual(first);
  for (const { id } of [key, other]) {
    expect(await auditOf(admin, id)).toMatchObject([
      { action: 'key.revoked', operation_id: operation, reason },
    ]);
  }
});
