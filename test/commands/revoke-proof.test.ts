import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { run } from '../../src/program.js';
import { bundled } from '../support/child.js';
import { type FakeMachine, type FakeOptions, fakeMachine, runCommand } from '../support/fake-machine.js';
import { forgedToken } from '../support/forged-token.js';
import { type Gateway, type GatewayAnswer, startGateway } from '../support/gateway.js';
import { freshDatabase, newest, type TestDatabase } from '../support/postgres.js';
import { auditOf, type SeededKey, seedKey, seedUsage } from '../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let gateway: Gateway | undefined;
const reason = 'leaked in acme/app commit 7a3f21';

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});
afterAll(() => database.drop());

const agreed = ['--reason', reason, '--yes', '--json'];
const asOperator = { role: 'test_operator' } as const;

async function gatewayThat(...answers: GatewayAnswer[]): Promise<Gateway> {
  gateway = await startGateway(answers);
  return gateway;
}

/** Revokes with --verify and reads what came out; the token comes by stdin. */
async function revoke(key: SeededKey, flags: readonly string[], options: FakeOptions = {}) {
  const argv = ['revoke', key.id, ...flags, ...agreed];
  const ran = await runCommand(argv, { database, ...asOperator, stdin: `${key.token}\n`, ...options });
  const json = JSON.parse(ran.stdout);
  return { ...ran, result: json.results[0], proof: json.results[0].verification };
}

async function expectRevoked(key: SeededKey): Promise<void> {
  expect(await auditOf(admin, key.id)).toMatchObject([{ action: 'key.revoked', reason }]);
}

describe('revoke --verify URL', () => {
  it('asks until the gateway refuses, and says how long that took', async () => {
    const key = await seedKey(admin);
    const { url, requests } = await gatewayThat(200, 200, 401);
    const { code, proof, result } = await revoke(key, ['--verify', url]);
    expect(proof).toEqual({
      dead: true,
      after_seconds: expect.any(Number),
      last_accepted_at: null,
      events_as_of: null,
      probe_status: 401,
    });
    expect(proof.after_seconds).toBeGreaterThan(0.5);
    expect([code, result.outcome, requests.length]).toEqual([0, 'revoked', 3]);
    await expectRevoked(key);
  });

  it('revokes before it probes', async () => {
    const key = await seedKey(admin);
    let status = '';
    const { url } = await gatewayThat(async (response) => {
      const [row] = await admin.sql`select status from keyctl.keys where id = ${key.id}`;
      status = row?.status;
      response.writeHead(401).end();
    });
    expect((await revoke(key, ['--verify', url])).code).toBe(0);
    expect(status).toBe('revoked');
  });

  it('sends the key as a bearer token, or bare in another header, and never in the URL', async () => {
    for (const [flags, header, scheme] of [
      [[], 'authorization', 'Bearer '],
      [['--auth-header', 'X-API-Key'], 'x-api-key', ''],
      [['--auth-header', 'Authorization: Token'], 'authorization', 'Token '],
    ] as const) {
      const key = await seedKey(admin);
      const { url, requests, close } = await startGateway([403]);
      const { code, proof } = await revoke(key, ['--verify', url, ...flags]);
      expect([code, proof.dead, proof.probe_status]).toEqual([0, true, 403]);
      expect(requests.map((request) => request.headers[header])).toEqual([`${scheme}${key.token}`]);
      expect(requests[0]?.url).toBe('/v1/ping');
      await close();
    }
  });

  const elsewhere = (response: Parameters<Exclude<GatewayAnswer, number>>[0]) =>
    response.writeHead(302, { location: '/elsewhere' }).end();
  const endless: GatewayAnswer = (response) => {
    response.writeHead(200);
    const more = () => void (response.destroyed || response.write('x'.repeat(65_536), more));
    more();
  };
  it.each<[string, GatewayAnswer, boolean | null, number | null]>([
    ['2xx', 204, false, 204],
    ['2xx with a body that never ends', endless, false, 200],
    ['a redirect', elsewhere, null, 302],
    ['429', 429, null, 429],
    ['404', 404, null, 404],
    ['500', 500, null, 500],
    ['no answer', () => {}, null, null],
    ['a broken connection', (response) => response.destroy(), null, null],
    [
      'a header without end',
      (response) => response.writeHead(401, { x: 'x'.repeat(70_000) }).end(),
      null,
      null,
    ],
  ])('does not take %s for dead: exit 7, and the key stays revoked', async (_what, answer, dead, status) => {
    const key = await seedKey(admin);
    const { url, requests } = await gatewayThat(answer);
    const { code, proof, result } = await revoke(key, ['--verify', url, '--within', '1s']);
    expect(proof).toMatchObject({ dead, probe_status: status, after_seconds: null });
    expect([code, result.outcome]).toEqual([7, 'revoked']);
    expect(new Set(requests.map((request) => request.url))).toEqual(new Set(['/v1/ping']));
    await expectRevoked(key);
  });

  it('counts a refusal whose body never ends', async () => {
    const key = await seedKey(admin);
    const { url } = await gatewayThat((response) => response.writeHead(401).write('wait'));
    expect((await revoke(key, ['--verify', url])).proof).toMatchObject({ dead: true, probe_status: 401 });
  });

  it('takes the token from KEY, and warns that it is in the shell history now', async () => {
    const key = await seedKey(admin);
    const { url, requests } = await gatewayThat(401);
    const argv = ['revoke', key.token, '--verify', url, ...agreed];
    const ran = await runCommand(argv, { database, ...asOperator });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('shell history');
    expect(requests[0]?.headers.authorization).toBe(`Bearer ${key.token}`);
    expect(ran.stdout + ran.stderr).not.toContain(key.token);
  });

  it('takes the tokens of several keys out of the leak itself', async () => {
    const keys = [await seedKey(admin), await seedKey(admin)];
    const { url, requests } = await gatewayThat(401);
    const argv = ['revoke', '--stdin', '--expect', '2', '--verify', url, ...agreed];
    const leak = keys.map((key) => `API_KEY=${key.token}\n`).join('');
    const ran = await runCommand(argv, { database, ...asOperator, stdin: leak });
    expect(ran.code).toBe(0);
    expect(requests.map((request) => request.headers.authorization).sort()).toEqual(
      keys.map((key) => `Bearer ${key.token}`).sort(),
    );
  });

  it('asks for the token on a terminal without showing it', async () => {
    const key = await seedKey(admin);
    const { url, requests } = await gatewayThat(401);
    const { code, stderr } = await revoke(key, ['--verify', url], {
      terminal: { stdin: true, stderr: true },
      answers: [['for the probe', key.token]],
    });
    expect([code, requests.length]).toEqual([0, 1]);
    expect(stderr).not.toContain(key.token.slice(-20));
  });

  it('goes without a probe when Ctrl-C is the answer: the key is revoked all the same', async () => {
    const key = await seedKey(admin);
    const { url, requests } = await gatewayThat(401);
    const { code, proof, result } = await revoke(key, ['--verify', url, '--within', '1s'], {
      terminal: { stdin: true, stderr: true },
      answers: [['for the probe', '\x03']],
    });
    expect([code, result.outcome, proof.dead, requests.length]).toEqual([7, 'revoked', null, 0]);
    await expectRevoked(key);
  });

  it.each([
    ['without a token', '', 'its token was not given'],
    ['with the token of another key', 'OTHER', "is not the revoked key's"],
    ['with something else on stdin', 'hello\n', "is not the revoked key's"],
  ])('skips the probe %s and says so', async (_what, given, words) => {
    const key = await seedKey(admin);
    const other = await seedKey(admin);
    const { url, requests } = await gatewayThat(401);
    const stdin = given === 'OTHER' ? other.token : given;
    const { code, proof, stderr } = await revoke(key, ['--verify', url, '--within', '1s'], { stdin });
    expect(stderr).toContain(words);
    expect(stderr).toContain('skipped');
    expect([code, proof.dead, requests.length]).toEqual([7, null, 0]);
    expect(stderr).not.toContain(other.token);
  });

  it('never takes a forged token for the key whose locator it carries', async () => {
    const key = await seedKey(admin);
    const { url, requests } = await gatewayThat(401);
    const { code, stderr } = await revoke(key, ['--verify', url, '--within', '1s'], {
      stdin: forgedToken(key.token),
    });
    expect(stderr).toContain("is not the revoked key's");
    expect([code, requests.length]).toEqual([7, 0]);
  });

  it('does not wait for a pipe that brings nothing and is never closed', async () => {
    const key = await seedKey(admin);
    const { url } = await gatewayThat(401);
    const stdin = new Readable({ read() {} });
    const { code, stderr } = await revoke(key, ['--verify', url, '--within', '1s'], { stdin });
    expect(stderr).toContain('its token was not given');
    expect(code).toBe(7);
  });

  it('proves again what was revoked before', async () => {
    const key = await seedKey(admin, { status: 'revoked' });
    const { url } = await gatewayThat(401);
    const { code, result, proof } = await revoke(key, ['--verify', url]);
    expect([code, result.outcome, proof.dead]).toEqual([0, 'already_revoked', true]);
  });

  it('prints the proof for people too', async () => {
    const key = await seedKey(admin);
    const { url } = await gatewayThat(401);
    const argv = ['revoke', key.id, '--verify', url, '--reason', reason, '--yes'];
    const ran = await runCommand(argv, { database, ...asOperator, stdin: key.token });
    expect(ran.stdout).toMatch(
      /✓ dead after [\d.]+ s: probe answered 401, the usage log does not reach past/,
    );
    expect(ran.stderr).toContain('is revoked; looking for the proof');
  });
});

describe('revoke --verify over TLS', () => {
  const certificate = async () => {
    const directory = newest.certificates;
    if (directory === null) return null;
    const [key, cert] = await Promise.all(
      ['server.key', 'server.crt'].map((name) => readFile(join(directory, name))),
    );
    return key === undefined || cert === undefined ? null : { key, cert, ca: join(directory, 'ca.crt') };
  };

  it('verifies the certificate, whatever the environment says', async ({ skip }) => {
    const tls = await certificate();
    if (tls === null) return skip('no openssl on this machine to make certificates with');
    gateway = await startGateway([401], tls);
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const key = await seedKey(admin);
    const { code, proof } = await revoke(key, ['--verify', gateway.url, '--within', '1s']);
    vi.unstubAllEnvs();
    expect([code, proof.dead, proof.probe_status]).toEqual([7, null, null]);
    expect(gateway.requests).toEqual([]);
    await expectRevoked(key);
  });

  it('trusts an authority named by NODE_EXTRA_CA_CERTS', async ({ skip }) => {
    const tls = await certificate();
    if (tls === null) return skip('no openssl on this machine to make certificates with');
    gateway = await startGateway([401], tls);
    const program = await bundled(join(import.meta.dirname, '../actions/probe-child.ts'));
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: tls.ca };
    const { stdout } = await promisify(execFile)(process.execPath, [program, gateway.url], { env });
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'refused', status: 401 });
  });
});

describe('revoke --verify by the usage log', () => {
  /** Runs until the key is revoked and the proof is being looked for, does `meanwhile`, and waits for the end. */
  async function revokeAnd(
    key: SeededKey,
    flags: readonly string[],
    meanwhile: (machine: FakeMachine) => Promise<unknown> | unknown,
  ) {
    const machine = fakeMachine({ database, ...asOperator });
    const running = run(['revoke', key.id, '--verify', ...flags, ...agreed], machine);
    await vi.waitFor(() => expect(machine.written().stderr).toContain('looking for the proof'), 10_000);
    await meanwhile(machine);
    const code = await running;
    const { stdout, stderr } = machine.written();
    return { code, stderr, result: JSON.parse(stdout).results[0] };
  }

  it('proves nothing while the log does not reach past the revocation', async () => {
    const key = await seedKey(admin);
    await seedUsage(admin, { keyId: key.id, times: 3, secondsAgo: 60 });
    const { code, result } = await revokeAnd(key, ['--within', '1s'], () => {});
    expect(result.verification).toEqual({
      dead: null,
      after_seconds: null,
      last_accepted_at: null,
      events_as_of: null,
      probe_status: null,
    });
    expect([code, result.outcome]).toEqual([7, 'revoked']);
    await expectRevoked(key);
  });

  it('proves it by a newer event of any key, and shows how far the log reaches', async () => {
    const [key, other] = [await seedKey(admin), await seedKey(admin)];
    const { code, result } = await revokeAnd(key, ['--within', '20s'], () =>
      seedUsage(admin, { keyId: other.id, times: 1, secondsAgo: 0 }),
    );
    expect(code).toBe(0);
    expect(result.verification.dead).toBe(true);
    expect(result.verification.events_as_of > result.revoked_at).toBe(true);
  });

  it('takes its own refused requests for a proof, and an accepted one for the opposite', async () => {
    const key = await seedKey(admin);
    const refused = await revokeAnd(key, ['--within', '20s'], () =>
      seedUsage(admin, { keyId: key.id, times: 1, secondsAgo: 0, status: 401 }),
    );
    expect([refused.code, refused.result.verification.dead]).toEqual([0, true]);

    const used = await seedKey(admin);
    await admin.sql`select pg_sleep(0.01)`;
    const accepted = await revokeAnd(used, ['--within', '20s'], () =>
      seedUsage(admin, { keyId: used.id, times: 1, secondsAgo: 0, status: 200 }),
    );
    expect(accepted.code).toBe(7);
    expect(accepted.result.verification).toMatchObject({ dead: false, after_seconds: null });
    expect(accepted.result.verification.last_accepted_at > accepted.result.revoked_at).toBe(true);
  });

  it('does not believe a probe while the log shows an accepted request', async () => {
    const key = await seedKey(admin);
    const { url } = await gatewayThat(async (response) => {
      await seedUsage(admin, { keyId: key.id, times: 1, secondsAgo: 0 });
      response.writeHead(401).end();
    });
    const { code, proof } = await revoke(key, ['--verify', url]);
    expect([code, proof.dead, proof.probe_status]).toEqual([7, false, 401]);
    expect(proof.last_accepted_at).not.toBeNull();
  });

  it('says what is known when the database goes away during the proof', async () => {
    const key = await seedKey(admin);
    const { code, result } = await revokeAnd(
      key,
      ['--within', '20s'],
      () => admin.sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and usename = 'test_operator'`,
    );
    expect([code, result.outcome, result.verification.dead]).toEqual([7, 'revoked', null]);
    await expectRevoked(key);
  });

  it('ends with what is known when it is interrupted: 130, and the result is printed', async () => {
    const key = await seedKey(admin);
    const { code, result } = await revokeAnd(key, ['--within', '10m'], (machine) => machine.interrupt());
    expect([code, result.outcome, result.verification.dead]).toEqual([130, 'revoked', null]);
    await expectRevoked(key);
  });
});

describe('what revoke --verify refuses before anything is opened', () => {
  it.each([
    [['--verify', 'http://gateway.example.com/'], 'only https'],
    [['--verify', 'https://user:secret@gateway.example.com/'], 'password'],
    [['--verify', 'key_7Q2mK9xZab3d'], 'not a URL'],
    [['--verify', 'https://gateway.example.com/', '--auth-header', 'X API Key'], '--auth-header'],
    [['--verify', 'https://gateway.example.com/', '--auth-header', 'Host'], '--auth-header'],
    [['--verify', 'https://gateway.example.com/', '--auth-header', 'X-Key: a\r\nX: b'], '--auth-header'],
    [['--verify', '--within', '5'], '--within'],
  ])('%j', async (flags, words) => {
    const ran = await runCommand(['revoke', 'key_000000000000', ...flags, ...agreed], { database });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(words);
  });

  it('refuses a URL with a key in it, and does not repeat the key', async () => {
    const key = await seedKey(admin);
    for (const url of [
      `https://gateway.example.com/?k=${key.token}`,
      `https://gateway.example.com/${key.token.replace('_', '%5F')}`,
    ]) {
      const ran = await runCommand(['revoke', key.id, '--verify', url, ...agreed], { database });
      expect(ran.code).toBe(2);
      expect(ran.stderr).not.toContain(key.token.slice(-20));
    }
  });
});
