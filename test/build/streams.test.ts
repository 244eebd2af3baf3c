import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { builtProgram } from '../support/built-program.js';
import { freshDatabase, newest, type TestDatabase } from '../support/postgres.js';
import { auditOf, seedKey } from '../support/seed-keys.js';
import { type ProxyOptions, startProxy, type WireMessage } from '../support/tcp-proxy.js';

/** Real descriptors and real signals: pipes whose reader is gone, full disks, SIGINT and its like. */
let program: string;
let database: TestDatabase;
let admin: Connection;
const reason = 'leaked in acme/app commit 7a3f21';
const agreed = ['--reason', reason, '--yes'];

beforeAll(async () => {
  program = await builtProgram();
  database = await freshDatabase();
  admin = await database.connect();
  for (let made = 0; made < 50; made += 1) await seedKey(admin);
});
afterAll(() => database.drop());

type Stdio = 'pipe' | 'ignore' | number;

function start(argv: readonly string[], streams: { stdout?: Stdio; stderr?: Stdio; url?: string } = {}) {
  const { host, port } = database.settings();
  const own = `postgres://postgres@${encodeURIComponent(host)}:${port}/${database.name}`;
  return spawn(program, argv, {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', DATABASE_URL: streams.url ?? own },
    stdio: ['ignore', streams.stdout ?? 'pipe', streams.stderr ?? 'pipe'],
  });
}

async function ended(child: ChildProcess) {
  const all = (stream: ChildProcess['stdout']) => (stream === null || stream.destroyed ? '' : text(stream));
  const [stdout, stderr, [code, signal]] = await Promise.all([
    all(child.stdout),
    all(child.stderr),
    once(child, 'close'),
  ]);
  return { code, signal, stdout, stderr };
}

describe('a reader that has gone away', () => {
  it.each(['keys list', 'keys list --json', '--help', 'help exit-codes'])(
    'of stdout ends %s quietly, exit 0',
    async (argv) => {
      const child = start(argv.split(' '));
      child.stdout?.destroy();
      expect(await ended(child)).toMatchObject({ code: 0, stderr: '' });
    },
  );

  it('of stdout changes nothing about a change, nor about its exit code', async () => {
    const key = await seedKey(admin);
    const child = start(['revoke', key.id, 'nobody-knows-it', ...agreed]);
    child.stdout?.destroy();
    expect(await ended(child)).toMatchObject({ code: 6, stderr: '' });
    expect(await auditOf(admin, key.id)).toMatchObject([{ action: 'key.revoked', reason }]);
  });

  it('of stderr leaves exit code and result as they were', async () => {
    const failing = start(['keys', 'list', '--nonsense']);
    failing.stderr?.destroy();
    expect(await ended(failing)).toMatchObject({ code: 2, stdout: '' });

    const key = await seedKey(admin);
    const warning = start(['revoke', key.token, ...agreed, '-o', 'ids']);
    warning.stderr?.destroy();
    expect(await ended(warning)).toMatchObject({ code: 0, stdout: `${key.id}\n` });
  });
});

const full = '/dev/full';
describe.skipIf(!existsSync(full))('a full disk', () => {
  async function intoFull(argv: readonly string[], which: 'stdout' | 'stderr') {
    const descriptor = openSync(full, 'w');
    try {
      return await ended(start(argv, { [which]: descriptor }));
    } finally {
      closeSync(descriptor);
    }
  }

  it.each(['keys list', 'keys list -o csv', '--help', '--version --debug', '--version'])(
    'on stdout is an error of %s, and no silence',
    async (argv) => {
      expect(await intoFull(argv.split(' '), 'stdout')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^keyctl: the result could not be written \(ENOSPC\)/),
      });
    },
  );

  it('on stdout does not undo a revocation', async () => {
    const key = await seedKey(admin);
    const ran = await intoFull(['revoke', key.id, ...agreed], 'stdout');
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('keyctl audit log') });
    expect(await auditOf(admin, key.id)).toMatchObject([{ action: 'key.revoked', reason }]);
  });

  it('on stderr leaves exit code and result as they were', async () => {
    expect(await intoFull(['keys', 'list', '--nonsense'], 'stderr')).toMatchObject({ code: 2, stdout: '' });
    const key = await seedKey(admin);
    const ran = await intoFull(['revoke', key.token, ...agreed, '-o', 'ids'], 'stderr');
    expect(ran).toMatchObject({ code: 0, stdout: `${key.id}\n` });
  });
});

describe('descriptors that are closed at the start', () => {
  it.each(['>&-', '2>&-', '<&-', '<&- >&- 2>&-'])(
    '%s: the change is done, and nothing else is written to',
    async (closed) => {
      const key = await seedKey(admin);
      const { host, port } = database.settings();
      const child = spawn('/bin/sh', ['-c', `"$0" "$@" ${closed}`, program, 'revoke', key.id, ...agreed], {
        env: {
          PATH: process.env.PATH,
          HOME: '/nonexistent',
          DATABASE_URL: `postgres://postgres@${encodeURIComponent(host)}:${port}/${database.name}`,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      expect(await ended(child)).toMatchObject({ code: 0, stderr: '' });
      expect(await auditOf(admin, key.id)).toMatchObject([{ action: 'key.revoked', reason }]);
    },
  );
});

describe('a signal', () => {
  async function throughProxy(argv: readonly string[], options: Omit<ProxyOptions, 'target'>) {
    const target = { path: `${newest.socketDirectory}/.s.PGSQL.${newest.port}` };
    const proxy = await startProxy({ target, ...options });
    const url = `postgres://test_operator@127.0.0.1:${proxy.port}/${database.name}?sslmode=disable`;
    return { proxy, child: start(argv, { url }) };
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s in a wait ends it at once: 130, and a line that says where things stand',
    async (signal) => {
      const { proxy, child } = await throughProxy(['keys', 'list', '--timeout', '1h'], { onConnect: 'hold' });
      await expect.poll(() => proxy.connections(), { timeout: 60_000 }).toBe(1);
      child.kill(signal);
      expect(await ended(child)).toEqual({
        code: 130,
        signal: null,
        stdout: '',
        stderr: 'keyctl: interrupted; nothing was done\n',
      });
      await proxy.close();
    },
  );

  it('after a change was sent leaves its outcome unknown, and names the operation', async () => {
    const key = await seedKey(admin);
    const answers = ({ from, type, bytes }: WireMessage) =>
      from === 'server' && type === 'D' && bytes.includes('"repeated"');
    const { proxy, child } = await throughProxy(['revoke', key.id, ...agreed, '--json'], {
      fate(message) {
        if (!answers(message)) return 'forward';
        setImmediate(() => child.kill('SIGINT'));
        return 'hold';
      },
    });
    const ran = await ended(child);
    const [row] = await auditOf(admin, key.id);
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    expect(JSON.parse(ran.stderr).error).toMatchObject({
      code: 'interrupted',
      outcome: 'unknown',
      operation_id: row?.operation_id,
    });
    await proxy.close();
  });
});
