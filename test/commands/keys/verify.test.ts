import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { mintToken } from '../../../src/domain/token.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { forgedToken } from '../../support/forged-token.js';
import { importedKey } from '../../support/imported-key.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { type SeededKey, type SeedStatus, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let key: SeededKey;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  key = await seedKey(admin, { name: 'alice-prod', owner: 'alice@example.org', scopes: ['workflow:*'] });
  await admin.sql`update keyctl.api_keys set allowed_ips = '{192.0.2.0/24}', workspace_id = 'ws_a',
    models = '{small-1}', features = '{export}' where id = ${key.id}`;
});
afterAll(() => database.drop());

async function verify(stdin: string | Readable, flags: readonly string[] = [], options: FakeOptions = {}) {
  const argv = ['keys', 'verify', '--json', ...flags];
  const ran = await runCommand(argv, { database, role: 'test_operator', stdin, ...options });
  return { ...ran, json: ran.stdout === '' ? null : JSON.parse(ran.stdout) };
}

describe('keys verify', () => {
  it('says that a token is valid, and of which key', async () => {
    const { code, json, stdout, stderr } = await verify(`${key.token}\n`);
    expect(json).toEqual({
      valid: true,
      decision: 'ok',
      key_id: key.id,
      version: 1,
      owner: 'alice@example.org',
      scopes: ['workflow:*'],
      successor_id: null,
    });
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain(key.token);
  });

  it.each<[SeedStatus, string]>([
    ['pending', 'pending'],
    ['retiring', 'ok'],
    ['suspended', 'suspended'],
    ['expired', 'expired'],
    ['replaced', 'replaced'],
    ['revoked', 'revoked'],
  ])('tells the kernel’s decision about a key that is %s: %s', async (status, decision) => {
    const other = await seedKey(admin, { status });
    const { code, json } = await verify(other.token);
    expect([code, json.decision, json.key_id]).toEqual([decision === 'ok' ? 0 : 7, decision, other.id]);
  });

  it.each<[string, string[]]>([
    ['ok', ['--ip', '192.0.2.7', '--scope', 'workflow:read', '--workspace', 'ws_a', '--model', 'small-1']],
    ['ok', ['--ip', '::ffff:192.0.2.7', '--feature', 'export']],
    ['ip', ['--ip', '198.51.100.1']],
    ['workspace', ['--workspace', 'ws_b']],
    ['scope', ['--scope', 'billing:read']],
    ['model', ['--model', 'large-1']],
    ['feature', ['--feature', 'import']],
  ])('answers %s for a request %j', async (decision, flags) => {
    const { code, json } = await verify(key.token, flags);
    expect([code, json.decision, json.valid]).toEqual([
      decision === 'ok' ? 0 : 7,
      decision,
      decision === 'ok',
    ]);
  });

  it('names the successor', async () => {
    const old = await seedKey(admin, { status: 'replaced' });
    const next = await seedKey(admin, { family: old });
    expect((await verify(old.token)).json.successor_id).toBe(next.id);
  });

  const unknown = mintToken('kc', (size) => new Uint8Array(size).fill(9)).token.reveal();
  it.each<[string, () => string, string]>([
    ['no form of ours', () => 'sk-live-123456', 'malformed'],
    ['a token with something behind it', () => `${key.token} x`, 'malformed'],
    ['two tokens', () => `${key.token}\n${key.token}`, 'malformed'],
    ['a typing error', () => key.token.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')), 'checksum'],
    ['a key that does not exist', () => unknown, 'unknown'],
    ['another secret behind a known locator', () => forgedToken(key.token), 'unknown'],
  ])('says of %s that it is not valid, and tells nothing of any key', async (_what, token, decision) => {
    const { code, json, stderr } = await verify(token());
    expect(json).toEqual({
      valid: false,
      decision,
      key_id: null,
      version: null,
      owner: null,
      scopes: null,
      successor_id: null,
    });
    expect(code).toBe(7);
    expect(stderr).toBe('');
  });

  it('finds an imported key by the SHA-256 of its token', async () => {
    const foreign = 'sk-live-Zx81pQr0Lk2v';
    const id = await importedKey(admin, 'key_imported0001', foreign);
    expect((await verify(foreign)).json).toMatchObject({ valid: true, key_id: id });
    expect((await verify(`${foreign}x`)).json).toMatchObject({ valid: false, decision: 'malformed' });
  });

  it('never hands the token to the database, not even in what the server logs', async () => {
    const seen: string[] = [];
    const spy = await freshSpy(seen);
    const { code } = await verify(key.token, ['--scope', 'workflow:read'], { env: spy.env });
    await spy.close();
    expect(code).toBe(0);
    const wire = seen.join('');
    expect(wire).toContain(key.id);
    expect(wire).not.toContain(key.token.slice(-52));
  });

  it('asks for the token on a terminal without showing it', async () => {
    const { code, stderr } = await verify('', [], { terminal: true, answers: [['Token', key.token]] });
    expect(code).toBe(0);
    expect(stderr).not.toContain(key.token.slice(-20));
  });

  it('says in words what is against it, in 80 columns', async () => {
    const old = await seedKey(admin, { status: 'revoked', owner: 'bob@example.org' });
    const ran = await runCommand(['keys', 'verify'], { database, role: 'test_operator', stdin: old.token });
    expect(ran.stdout).toMatch(/^✗ not valid: revoked\n {2}why +revoked \d{4}-.* by postgres: seeded/);
    expect(ran.stdout).toContain(old.id);
    for (const line of ran.stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
    const valid = await runCommand(['keys', 'verify', '--scope', 'workflow:read'], {
      ...{ database, role: 'test_operator', stdin: key.token },
    });
    expect(valid.stdout).toContain('not asked    --ip --workspace --model --feature');
  });

  it('does not wait for ever for a pipe that nobody closes', async () => {
    const open = new Readable({ read() {} });
    open.push(`${key.token}\n`);
    expect((await verify(open, ['--timeout', '1s'])).code).toBe(0);
  });

  it.each([
    [['--ip', 'localhost'], '--ip'],
    [['--scope', 'a b'], '--scope'],
    [['--model', ''], '--model'],
  ])('refuses %j (2)', async (flags, words) => {
    const ran = await verify(key.token, flags);
    expect([ran.code, ran.json]).toEqual([2, null]);
    expect(ran.stderr).toContain(words);
  });

  it('refuses an empty stdin (2), a viewer (77), and no database (78)', async () => {
    expect((await verify('')).code).toBe(2);
    expect((await verify(key.token, [], { role: 'test_viewer' })).code).toBe(77);
    expect((await runCommand(['keys', 'verify'], { stdin: key.token })).code).toBe(78);
  });
});

/** A proxy in front of the server that keeps every byte that a client sends. */
async function freshSpy(seen: string[]) {
  const { startProxy } = await import('../../support/tcp-proxy.js');
  const { host, port } = database.settings();
  const proxy = await startProxy({
    target: { path: `${host}/.s.PGSQL.${port}` },
    fate: (message) => {
      if (message.from === 'client') seen.push(message.bytes.toString('latin1'));
      return 'forward';
    },
  });
  const env = {
    DATABASE_URL: `postgres://test_operator@127.0.0.1:${proxy.port}/${database.name}?sslmode=disable`,
  };
  return { env, close: () => proxy.close() };
}
