import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { parseToken } from '../../../src/domain/token.js';
import { run } from '../../../src/program.js';
import { type FakeOptions, fakeMachine, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let home: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  home = await mkdtemp(join(tmpdir(), 'keyctl-create-'));
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

const alice = ['--name', 'alice-prod', '--owner', 'Alice@Example.com'];
const create = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', 'create', ...args], { database, role: 'test_operator', ...options });
const count = async () => Number((await admin.sql`select count(*) from keyctl.api_keys`)[0]?.count);
const keyRow = async (id: string) => (await admin.sql`select * from keyctl.api_keys where id = ${id}`)[0];

/** A stdout whose reader is gone, or whose disk is full. */
function broken(code: string): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
}

describe('keys create --deliver stdout', () => {
  it('prints the key alone, so that a script can take it, and the rest on stderr', async () => {
    const ran = await create([...alice, '--deliver', 'stdout']);
    expect(ran.code).toBe(0);
    const parsed = parseToken(ran.stdout.trim());
    expect(parsed.kind).toBe('token');
    expect(ran.stdout.split('\n')).toHaveLength(2);
    const id = parsed.kind === 'token' ? parsed.id : '';
    expect(ran.stderr).toContain(`✓ ${id}  alice-prod  v1  active`);
    expect(ran.stderr).not.toContain(ran.stdout.trim());
    expect(await keyRow(id)).toMatchObject({
      status: 'active',
      delivered_to: ['stdout'],
      rpm: 100,
      rph: 1000,
    });
    expect((await auditOf(admin, id)).map((row) => row.action)).toEqual(['key.activated']);
  });

  it('--json: the whole record with the key in it, every field of the contract, in its order', async () => {
    const ran = await create([
      ...alice,
      '--scope',
      'a:b',
      '--deliver',
      'stdout',
      '--json',
      '--expires',
      '90d',
    ]);
    const record = JSON.parse(ran.stdout);
    expect(Object.keys(record)).toEqual(
      `operation_id key_id key fingerprint name version scopes created_at expires_at delivered_to audit_seq
       rotation_id old_key_id old_fingerprint old_key_status grace_ends_at`.split(/\s+/),
    );
    expect(record).toMatchObject({
      name: 'alice-prod',
      version: 1,
      scopes: ['a:b'],
      delivered_to: ['stdout'],
    });
    expect(record).toMatchObject({ rotation_id: null, old_key_id: null, grace_ends_at: null });
    expect(parseToken(record.key)).toMatchObject({ kind: 'token', id: record.key_id });
    expect(Date.parse(record.expires_at) - Date.parse(record.created_at)).toBe(90 * 86_400_000);
    const [created] =
      await admin.sql`select action, key_id from keyctl.audit_log where seq = ${record.audit_seq}`;
    expect(created).toEqual({ action: 'key.created', key_id: record.key_id });
  });

  it.each(['ndjson', 'csv'])('-o %s holds the key too', async (format) => {
    const ran = await create([...alice, '--deliver', 'stdout', '-o', format]);
    expect(ran.stdout).toMatch(/kc_[0-9A-Za-z]{64}/);
  });

  it('-o ids would lose it: refused (2), nothing minted', async () => {
    const before = await count();
    const ran = await create([...alice, '--deliver', 'stdout', '-o', 'ids']);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(await count()).toBe(before);
  });

  it.each([
    ['EPIPE', 'its reader is gone'],
    ['ENOSPC', 'no space is left on the device'],
  ])('%s: 8, nothing is active, and the pending key is abandoned with its row', async (code, words) => {
    for (const json of [[], ['--json']]) {
      const operation = randomUUID();
      const args = ['keys', 'create', ...alice, '--deliver', 'stdout', '--operation-id', operation, ...json];
      const machine = fakeMachine({ database, role: 'test_operator', stdout: broken(code) });
      expect(await run(args, machine)).toBe(8);
      expect(machine.written().stderr).toContain(words);
      const [row] = await admin.sql`select id, status, revocation_code from keyctl.api_keys
        where id = (select key_id from keyctl.audit_log where operation_id = ${operation} limit 1)`;
      expect(row).toMatchObject({ status: 'revoked', revocation_code: 'abandoned' });
      const [abandoned] = await auditOf(admin, row?.id);
      expect(abandoned).toMatchObject({
        action: 'key.revoked',
        reason: 'its secret could not be delivered to stdout',
        actor_db: 'test_operator',
      });
    }
  });
});

describe('keys create --deliver file:', () => {
  it('puts the key into a new file of mode 0600, relative to where one is, and prints no secret', async () => {
    const ran = await create([...alice, '--deliver', 'file:alice.key', '--json'], { workingDirectory: home });
    const record = JSON.parse(ran.stdout);
    const path = join(home, 'alice.key');
    const token = await readFile(path, 'utf8');
    expect(record).toMatchObject({ key: null, delivered_to: [`file:${path}`] });
    expect(parseToken(token)).toMatchObject({ kind: 'token', id: record.key_id });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(ran.stdout + ran.stderr).not.toContain(token);
    const [activated] = await auditOf(admin, record.key_id);
    expect(activated?.record.details.delivered_to).toEqual([`file:${path}`]);
  });

  it('and stdout as well: both acknowledge before it is active', async () => {
    const path = join(home, 'both.key');
    const ran = await create([...alice, '--deliver', 'stdout', '--deliver', `file:${path}`]);
    expect(await readFile(path, 'utf8')).toBe(ran.stdout.trim());
    const parsed = parseToken(ran.stdout.trim());
    expect((await keyRow(parsed.kind === 'token' ? parsed.id : ''))?.delivered_to).toEqual([
      `file:${path}`,
      'stdout',
    ]);
  });

  it('an existing file and a missing directory: 8, the file as it was, nothing printed', async () => {
    const taken = join(home, 'taken');
    await writeFile(taken, 'mine');
    await mkdir(join(home, 'sub'));
    for (const path of [taken, join(home, 'no/key'), join(home, 'sub')]) {
      const ran = await create([...alice, '--deliver', `file:${path}`, '--deliver', 'stdout']);
      expect(ran).toMatchObject({ code: 8, stdout: '' });
      expect(ran.stderr).toContain('nothing was activated');
    }
    expect(await readFile(taken, 'utf8')).toBe('mine');
  });

  it('a shared path is named in the error, and in JSON mode the error is one line of JSON', async () => {
    const ran = await create([...alice, '--deliver', `file:${join(home, 'no/key')}`, '--json']);
    expect(ran).toMatchObject({ code: 8, stdout: '' });
    expect(JSON.parse(ran.stderr).error).toMatchObject({
      code: 'undelivered',
      exit_code: 8,
      outcome: 'not_done',
    });
  });
});

describe('keys create on a terminal', () => {
  it('asks for name and owner, again after a bad one, and shows the key once, before it is active', async () => {
    const ran = await create([], {
      terminal: true,
      answers: [
        ['Name of the key:', 'sha256:nonsense'],
        ['at least 16 hex digits', '\x15bob-ci'],
        ['Owner (e-mail address):', 'bob@example.com'],
      ],
    });
    expect(ran.code).toBe(0);
    const [token = ''] = /kc_[0-9A-Za-z]{64}/.exec(ran.stdout) ?? [];
    expect(ran.stdout.split(token)).toHaveLength(2);
    expect(ran.stdout.indexOf('This is its only showing')).toBeLessThan(ran.stdout.indexOf('✓ active'));
    const parsed = parseToken(token);
    expect(await keyRow(parsed.kind === 'token' ? parsed.id : '')).toMatchObject({
      name: 'bob-ci',
      status: 'active',
      delivered_to: ['terminal'],
    });
  });

  it('gives --json no secret unless stdout is named: 5', async () => {
    const before = await count();
    const ran = await create([...alice, '--json'], { terminal: true });
    expect(ran).toMatchObject({ code: 5, stdout: '' });
    expect(JSON.parse(ran.stderr).error.hint).toContain('--deliver stdout');
    expect(await count()).toBe(before);
  });

  it('Ctrl-C at a question: 130, nothing created', async () => {
    const before = await count();
    const ran = await create([], { terminal: true, answers: [['Name of the key:', '\x03']] });
    expect(ran.code).toBe(130);
    expect(await count()).toBe(before);
  });
});

describe('keys create, refused before anything is opened', () => {
  const nowhere = { env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' } };
  const refused = (args: readonly string[], options: FakeOptions = nowhere) =>
    runCommand(['keys', 'create', ...args], options);

  it('stdout is no terminal, and no sink: 5 and both ways out', async () => {
    const ran = await refused(alice);
    expect(ran).toMatchObject({ code: 5, stdout: '' });
    expect(ran.stderr).toMatch(/--deliver file:.*--deliver stdout/);
  });

  it.each([
    ['--name', ['--owner', 'a@example.com', '--deliver', 'stdout']],
    ['--owner', ['--name', 'a', '--deliver', 'stdout']],
    ['--deliver', [...alice, '--deliver', 'clipboard:']],
    ['--deliver', [...alice, '--deliver', 'file:']],
    ['--deliver', [...alice, '--deliver', 'file:/a/']],
    ['--deliver', [...alice, '--deliver', 'file:~/key']],
    ['--deliver', [...alice, '--deliver', 'file:/a\nb']],
    ['--deliver', [...alice, '--deliver', 'stdout', '--deliver', 'stdout']],
    ['--prefix', [...alice, '--deliver', 'stdout', '--prefix', 'Fie']],
    ['--scope', [...alice, '--deliver', 'stdout', '--scope', '*']],
    ['--allow-ip', [...alice, '--deliver', 'stdout', '--allow-ip', '198.51.100.7/24']],
    ['--rpm', [...alice, '--deliver', 'stdout', '--rpm', '0']],
    ['--budget', [...alice, '--deliver', 'stdout', '--budget', '1e3']],
    ['--expires', [...alice, '--deliver', 'stdout', '--expires', '2001-01-01']],
    ['--expires', [...alice, '--deliver', 'stdout', '--expires', '1M']],
    ['--operation-id', [...alice, '--deliver', 'stdout', '--operation-id', 'x']],
    ['--name', ['--name', 'x\x1b]0;y\x07', '--owner', 'a@example.com', '--deliver', 'stdout']],
    ['--note', [...alice, '--deliver', 'stdout', '--note', '/a/']],
  ])('2 and a right example for %s', async (flag, args) => {
    const ran = await refused(args);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(flag);
    expect(ran.stderr).toContain('try:');
  });

  it('--dry-run opens nothing, mints nothing and shows the plan', async () => {
    const ran = await refused([...alice, '--deliver', 'stdout', '--dry-run', '--budget', '12.50', '--json']);
    expect(ran.code).toBe(0);
    const plan = JSON.parse(ran.stdout);
    expect(plan).toMatchObject({ dry_run: true, count: 1 });
    expect(plan.keys[0]).toMatchObject({
      name: 'alice-prod',
      owner: 'alice@example.com',
      deliver_to: ['stdout'],
    });
    expect(ran.stdout).not.toContain('kc_');
  });

  it('a database that cannot be reached: 69, and the file is not touched', async () => {
    const ran = await refused([...alice, '--deliver', `file:${join(home, 'unborn')}`]);
    expect(ran.code).toBe(69);
    await expect(stat(join(home, 'unborn'))).rejects.toThrow();
  });
});

describe('keys create, authority and repetition', () => {
  it('a viewer may not: 77, naming the role, and nothing is left', async () => {
    const before = await count();
    const ran = await create([...alice, '--deliver', 'stdout'], { role: 'test_viewer' });
    expect(ran).toMatchObject({ code: 77, stdout: '' });
    expect(ran.stderr).toContain('keyctl_operator');
    expect(await count()).toBe(before);
  });

  it('--operation-id again: the first key, its secret not again, never a second one', async () => {
    const operation = ['--operation-id', randomUUID(), '--deliver', 'stdout'];
    const first = await create([...alice, ...operation, '--json']);
    const before = await count();
    const again = await create([...alice, ...operation, '--json']);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toEqual({ ...JSON.parse(first.stdout), key: null });
    expect(again.stderr).toContain('it is not shown again');
    const text = await create([...alice, ...operation]);
    expect(text.stdout).toBe('');
    expect(await count()).toBe(before);
  });

  it('warns of another living key of that name', async () => {
    await create(['--name', 'twin', '--owner', 'a@example.com', '--deliver', 'stdout']);
    const second = await create(['--name', 'twin', '--owner', 'a@example.com', '--deliver', 'stdout']);
    expect(second.code).toBe(0);
    expect(second.stderr).toMatch(/1 other living key bears this name \(key_/);
  });

  it('keeps every setting that was given', async () => {
    const ran = await create([
      ...alice,
      ...[
        '--owner-name',
        'Alice Doe',
        '--user-id',
        'u-1',
        '--prefix',
        'fie_alice',
        '--scope',
        'a:b',
        '--scope',
        'c:*',
      ],
      ...['--workspace', 'ws_1', '--workspace-access', 'ws_2', '--level', 'premium', '--model', 'small-2'],
      ...['--feature', 'export', '--environment', 'production', '--used-by', 'billing on app-3'],
      ...['--description', 'nightly export', '--justification', 'PLAT-1182', '--expires', '2030-01-01'],
      ...[
        '--allow-ip',
        '198.51.100.0/24',
        '--rpm',
        'none',
        '--rph',
        '50',
        '--burst',
        '5',
        '--concurrency',
        '2',
      ],
      ...['--quota-requests', '9000000000', '--quota-tokens', '7', '--budget', '99.123456'],
      ...['--billing-contact', 'Money@Example.com', '--decoy', '--deliver', 'stdout', '--json'],
    ]);
    const record = JSON.parse(ran.stdout);
    expect(record.key).toMatch(/^fie_alice_/);
    expect(await keyRow(record.key_id)).toMatchObject({
      ...{ prefix: 'fie_alice', scopes: ['a:b', 'c:*'], workspace_id: 'ws_1', workspace_access: ['ws_2'] },
      ...{ level: 'premium', models: ['small-2'], features: ['export'], environment: 'production' },
      ...{ used_by: ['billing on app-3'], description: 'nightly export', justification: 'PLAT-1182' },
      ...{ rpm: null, rph: 50, burst: 5, concurrency: 2, quota_tokens: '7', quota_requests: '9000000000' },
      ...{ budget_usd: '99.123456', billing_contact: 'money@example.com', decoy: true },
    });
    const [owner] =
      await admin.sql`select email, name, user_id from keyctl.owners where email = 'alice@example.com'`;
    expect(owner).toEqual({ email: 'alice@example.com', name: 'Alice Doe', user_id: 'u-1' });
    const [created] =
      await admin.sql`select record from keyctl.audit_log where action = 'key.created' and key_id = ${record.key_id}`;
    expect(created?.record).not.toMatch(/alice@example|money@example|Alice Doe/i);
  });
});
