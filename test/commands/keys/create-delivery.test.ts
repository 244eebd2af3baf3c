import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { armor, Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { parseToken } from '../../../src/domain/token.js';
import { run } from '../../../src/program.js';
import { hook } from '../../actions/delivery/hook-world.js';
import { builtProgram } from '../../support/built-program.js';
import { runChild } from '../../support/child.js';
import { type FakeOptions, fakeMachine, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { auditOf } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let home: string;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterAll(() => database.drop());
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-deliver-'));
});
afterEach(() => rm(home, { recursive: true }));

const alice = ['--name', 'alice-prod', '--owner', 'alice@example.com'];
const create = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
  runCommand(['keys', 'create', ...alice, ...args], { database, role: 'test_operator', ...options });
const at = (name: string) => join(home, name);
const read = (name: string) => readFile(at(name), 'utf8');

async function keyOf(operation: string) {
  const rows = await admin.sql`select id, status, revocation_code, delivered_to from keyctl.api_keys
    where id in (select key_id from keyctl.audit_log where operation_id = ${operation})`;
  expect(rows).toHaveLength(1);
  return rows[0] ?? {};
}

/** Nothing active, the pending key ended with its row, and the directory as it was. */
async function expectNothingLeft(operation: string, sink: string, files: readonly string[]) {
  const key = await keyOf(operation);
  expect(key).toMatchObject({ status: 'revoked', revocation_code: 'abandoned', delivered_to: [] });
  const actions = (await auditOf(admin, String(key.id))).map((row) => row.action);
  expect(actions).not.toContain('key.activated');
  expect((await auditOf(admin, String(key.id)))[0]).toMatchObject({
    action: 'key.revoked',
    reason: `its secret could not be delivered to ${sink}`,
  });
  expect((await readdir(home)).toSorted()).toEqual([...files].toSorted());
}

describe('keys create --deliver env:', () => {
  it('puts the key into its line, once it is active, and says so in the audit log', async () => {
    await writeFile(at('env'), 'A=1\nKEY=old\nB=2\n', { mode: 0o600 });
    const ran = await create(['--deliver', 'env:env#KEY', '--json'], { workingDirectory: home });
    expect(ran.code).toBe(0);
    const record = JSON.parse(ran.stdout);
    expect(record).toMatchObject({ key: null, delivered_to: [`env:${at('env')}#KEY`] });
    const [, token = ''] = /^A=1\nKEY=(\S+)\nB=2\n$/.exec(await read('env')) ?? [];
    expect(parseToken(token)).toMatchObject({ kind: 'token', id: record.key_id });
    expect(ran.stdout + ran.stderr).not.toContain(token);
    const [activated] = await auditOf(admin, record.key_id);
    expect(activated).toMatchObject({ action: 'key.activated' });
    expect(activated?.record.details.delivered_to).toEqual([`env:${at('env')}#KEY`]);
    expect(await readdir(home)).toEqual(['env']);
  });

  it.each([
    ['none', 'there is no such file'],
    ['open', 'chmod 600'],
    ['twice', 'assigned twice'],
  ])('refuses %s: 8, nothing active, the file as it was', async (name, words) => {
    await writeFile(at('open'), 'KEY=old\n');
    await chmod(at('open'), 0o644);
    await writeFile(at('twice'), 'KEY=1\nKEY=2\n', { mode: 0o600 });
    const operation = randomUUID();
    const ran = await create(['--deliver', `env:${at(name)}#KEY`, '--operation-id', operation]);
    expect(ran).toMatchObject({ code: 8, stdout: '' });
    expect(ran.stderr).toContain(words);
    await expectNothingLeft(operation, `env:${at(name)}#KEY`, ['open', 'twice']);
    expect(await read('twice')).toBe('KEY=1\nKEY=2\n');
  });

  it('that cannot be finished: 6, the key is active, and its secret is still beside the file', async () => {
    await writeFile(at('env'), 'KEY=old\n', { mode: 0o600 });
    await hook(at('hook'), `cat > /dev/null; [ $KEYCTL_PHASE = stage ] && chmod 644 ${at('env')}; exit 0`);
    const operation = randomUUID();
    const sinks = ['--deliver', `env:${at('env')}#KEY`, '--deliver', `exec:${at('hook')}`];
    const ran = await create([...sinks, '--operation-id', operation]);
    expect(ran.code).toBe(6);
    expect(ran.stderr).toContain('is active, but its delivery could not be finished');
    expect(await keyOf(operation)).toMatchObject({ status: 'active' });
    expect(await read('env')).toBe('KEY=old\n');
    expect((await readdir(home)).filter((name) => name.startsWith('.keyctl-key_'))).toHaveLength(1);
  });
});

describe('keys create --deliver age:', () => {
  it('puts an encrypted key there, which the identity opens', async () => {
    const identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    const ran = await create(['--deliver', `age:${recipient}>${at('key.age')}`, '--json']);
    expect(ran.code).toBe(0);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    const token = await decrypter.decrypt(armor.decode(await read('key.age')), 'text');
    expect(parseToken(token)).toMatchObject({ kind: 'token', id: JSON.parse(ran.stdout).key_id });
  });
});

describe('keys create --deliver exec:', () => {
  it('hands the key to the hook before it is active, and tells it when it is', async () => {
    await hook(at('hook'), 'echo "$KEYCTL_PHASE $KEYCTL_KEY_NAME $(cat)" >> $0.log');
    const ran = await create(['--deliver', `exec:${at('hook')} billing`, '--json']);
    expect(ran.code).toBe(0);
    const record = JSON.parse(ran.stdout);
    expect(record.delivered_to).toEqual([`exec:${at('hook')} billing`]);
    const [stage = '', commit] = (await read('hook.log')).split('\n');
    const token = stage.split(' ')[2] ?? '';
    expect(stage).toBe(`stage alice-prod ${token}`);
    expect(commit).toBe(`commit alice-prod ${token}`);
    expect(parseToken(token)).toMatchObject({ kind: 'token', id: record.key_id });
  });

  it.each([
    ['fails', 'cat >/dev/null; echo no room >&2; exit 3', 'exit code 3: no room'],
    ['reads half', 'head -c 20 >/dev/null', 'unread'],
    ['closes its stdin', 'exec <&-', 'unread'],
    ['hangs', 'sleep 1000', 'took longer than 1 s'],
    ['shows the key', 'cat >&2; exit 1', 'is not shown'],
  ])('whose hook %s: 8, nothing is active, nothing is left', async (_what, line, words) => {
    await hook(at('hook'), line);
    const operation = randomUUID();
    const sinks = ['--deliver', `file:${at('key')}`, '--note', at('note'), '--deliver', `exec:${at('hook')}`];
    const ran = await create([...sinks, '--operation-id', operation, '--debug'], {
      env: { KEYCTL_HOOK_TIMEOUT: '1s' },
    });
    expect(ran).toMatchObject({ code: 8, stdout: '' });
    expect(ran.stderr).toContain(words);
    expect(ran.stderr).not.toMatch(/[0-9A-Za-z]{52}/);
    await expectNothingLeft(operation, `exec:${at('hook')}`, ['hook']);
  });

  it('that is called off while the hook works: nothing is active, nothing is left', async () => {
    await hook(at('hook'), 'cat > /dev/null; echo > $1; sleep 1000');
    execFileSync('mkfifo', [at('started')]);
    const operation = randomUUID();
    const machine = fakeMachine({ database, role: 'test_operator' });
    const sink = `exec:${at('hook')} ${at('started')}`;
    const running = run(
      ['keys', 'create', ...alice, '--deliver', sink, '--operation-id', operation],
      machine,
    );
    await readFile(at('started'));
    machine.interrupt();
    expect(await running).toBe(130);
    expect(machine.written().stderr).toContain('it was interrupted');
    await expectNothingLeft(operation, sink, ['hook', 'started']);
  });

  it('with settings of hooks that make no sense: 78, nothing minted', async () => {
    await hook(at('hook'), 'cat > /dev/null');
    for (const env of [{ KEYCTL_HOOK_TIMEOUT: '60' }, { KEYCTL_PASS_ENV: 'VAULT_ADDR,A-B' }]) {
      const before = await admin.sql`select count(*) from keyctl.api_keys`;
      const ran = await create(['--deliver', `exec:${at('hook')}`], { env });
      expect(ran).toMatchObject({ code: 78, stdout: '' });
      expect(ran.stderr).toContain(Object.keys(env)[0]);
      expect(await admin.sql`select count(*) from keyctl.api_keys`).toEqual(before);
    }
  });
});

describe('keys create with several sinks', () => {
  it('needs all of them, in whatever order they are named', async () => {
    await writeFile(at('env'), '', { mode: 0o600 });
    await hook(at('hook'), 'cat > $0.$KEYCTL_PHASE');
    const sinks = ['stdout', `exec:${at('hook')}`, `env:${at('env')}#KEY`, `file:${at('key')}`];
    const ran = await create(sinks.flatMap((sink) => ['--deliver', sink]));
    expect(ran.code).toBe(0);
    const token = ran.stdout.trim();
    expect(await read('key')).toBe(token);
    expect(await read('env')).toBe(`KEY=${token}\n`);
    expect(await read('hook.stage')).toBe(token);
    const parsed = parseToken(token);
    const [row] =
      await admin.sql`select delivered_to from keyctl.api_keys where id = ${parsed.kind === 'token' ? parsed.id : ''}`;
    expect(row?.delivered_to).toEqual([
      `file:${at('key')}`,
      `env:${at('env')}#KEY`,
      `exec:${at('hook')}`,
      'stdout',
    ]);
  });

  it('refuses (2) one that is named twice, also when it is spelled differently', async () => {
    for (const twice of [`file:${at('key')}`, `file:${home}/x/../key`]) {
      const ran = await create(['--deliver', `file:${at('key')}`, '--deliver', twice]);
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain('is named twice');
    }
    expect(await readdir(home)).toEqual([]);
  });
});

describe('keys create --note', () => {
  it('puts scopes, limits, expiry and contact beside the secret, without it', async () => {
    const settings = ['--scope', 'a:b', '--rpm', '50', '--budget', '10', '--expires', '2030-01-01'];
    const ran = await create(
      [
        '--deliver',
        `file:${at('key')}`,
        '--note',
        'note',
        ...settings,
        '--owner-name',
        'Al\u202eice',
        '--json',
      ],
      { workingDirectory: home },
    );
    const record = JSON.parse(ran.stdout);
    expect(record.delivered_to).toEqual([`file:${at('key')}`]);
    expect((await stat(at('note'))).mode & 0o7777).toBe(0o600);
    expect((await read('note')).split('\n')).toEqual([
      'alice-prod',
      `key               ${record.key_id}`,
      `fingerprint       ${record.fingerprint}`,
      'version           1',
      'scopes            a:b',
      'rpm               50',
      'rph               1000',
      'budget usd        10',
      `created           ${record.created_at}`,
      'expires           2030-01-01T00:00:00.000Z',
      'contact           Al\\u{202e}ice <alice@example.com>',
      '',
    ]);
    expect((await readdir(home)).toSorted()).toEqual(['key', 'note']);
  });

  it('never replaces a file: 8, nothing active', async () => {
    await writeFile(at('note'), 'mine');
    const operation = randomUUID();
    const ran = await create([
      '--deliver',
      `file:${at('key')}`,
      '--note',
      at('note'),
      '--operation-id',
      operation,
    ]);
    expect(ran).toMatchObject({ code: 8, stdout: '' });
    expect(await read('note')).toBe('mine');
    await expectNothingLeft(operation, `file:${at('key')}`, ['note']);
  });

  it('stands beside a key that the terminal shows', async () => {
    const ran = await create(['--note', at('note')], { terminal: true });
    expect(ran.code).toBe(0);
    expect(await read('note')).toContain('alice-prod\n');
  });
});

/** The built program with a clean environment. */
async function commandLine(sink: string, operation: string): Promise<[string, ...string[]]> {
  const { host, port } = database.settings();
  const url = `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}`;
  const argv = ['keys', 'create', ...alice, '--deliver', sink, '--operation-id', operation];
  const env = ['-i', `PATH=${process.env.PATH}`, `DATABASE_URL=${url}`];
  return ['/usr/bin/env', ...env, await builtProgram(), ...argv];
}

describe('where the reader of stdout is gone', () => {
  it('8, nothing active, nothing left', async () => {
    const operation = randomUUID();
    const [program, ...argv] = await commandLine('stdout', operation);
    const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect(code).toBe(8);
    expect(stderr).toContain('its reader is gone; nothing was activated');
    await expectNothingLeft(operation, 'stdout', []);
  });
});

describe('where the disk takes no more', () => {
  const sinks = [
    ['file', () => `file:${at('full/key')}`],
    ['env', () => `env:${at('full/env')}#KEY`],
    ['age', () => `age:age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p>${at('full/key.age')}`],
  ] as const;

  /** The built program, whose own writes to files are limited or go to a full disk. */
  async function created(shell: string, sink: string, operation: string) {
    const command = await commandLine(sink, operation);
    return await runChild('/bin/bash', ['-c', `${shell}; exec "$@"`, 'sh', ...command]);
  }

  it.each(sinks)(
    '%s: 8, nothing active, nothing left (a limit on the size of files)',
    async (_kind, sink) => {
      await mkdir(at('full'));
      await writeFile(at('full/env'), 'KEY=old\n', { mode: 0o600 });
      const operation = randomUUID();
      const ran = await created('ulimit -f 0', sink(), operation);
      expect(ran).toMatchObject({ status: 8, stdout: '' });
      expect(ran.stderr).toContain('EFBIG');
      await expectNothingLeft(operation, sink(), ['full']);
      expect(await readdir(at('full'))).toEqual(['env']);
      expect(await read('full/env')).toBe('KEY=old\n');
    },
  );

  it.for(sinks)('%s: 8, nothing active, nothing left (a full file system)', async ([, sink], test) => {
    await mkdir(at('full'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', at('full')]).status === 0;
    if (!mounted) return test.skip('no right to mount: the limit above has to do');
    try {
      await writeFile(at('full/env'), 'KEY=old\n', { mode: 0o600 });
      await writeFile(at('full/rest'), 'x'.repeat(20_000)).catch(() => {});
      const operation = randomUUID();
      const ran = await created(':', sink(), operation);
      expect(ran).toMatchObject({ status: 8, stdout: '' });
      expect(ran.stderr).toContain('no space is left on the device');
      await expectNothingLeft(operation, sink(), ['full']);
      expect((await readdir(at('full'))).toSorted()).toEqual(['env', 'rest']);
      expect(await read('full/env')).toBe('KEY=old\n');
    } finally {
      execFileSync('umount', [at('full')]);
    }
  });
});
