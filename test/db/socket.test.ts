import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../../src/db/connect.js';
import type { ConnectionSettings, TlsSettings } from '../../src/db/settings.js';
import { Secret } from '../../src/domain/secret.js';
import { newest, servers, settingsFor } from '../support/postgres.js';

/**
 * Against a real server whose certificate names `db.keyctl.test`, `localhost` and 127.0.0.2, signed by `ca.crt`. Only
 * `hostssl` lets these roles in, so a connection in clear text cannot pass unnoticed.
 */
describe.skipIf(newest.certificates === null).each(servers)('TLS to PostgreSQL $name (F4)', (server) => {
  const pem = (name: string): string => readFileSync(`${server.certificates}/${name}`, 'utf8');
  const full = (): TlsSettings => ({
    required: true,
    verify: 'full',
    ca: pem('ca.crt'),
    certificate: null,
    key: null,
    minVersion: 'TLSv1.2',
  });
  const settings = (host: string, tls: TlsSettings | null): ConnectionSettings => ({
    ...settingsFor(server, 'postgres', 'test_viewer'),
    host,
    address: '127.0.0.1',
    tls,
  });
  const hello = 'select ssl, version, client_dn from pg_stat_ssl where pid = pg_backend_pid()';
  const attempt = async (host: string, tls: TlsSettings | null): Promise<Connection> => {
    const connection = await connect(settings(host, tls), { timeoutMs: 10_000, hello });
    await connection.close();
    return connection;
  };
  beforeAll(async () => {
    // The roles exist when the template was migrated; TLS is tested without it, too.
    const admin = await connect(settingsFor(server, 'postgres', 'postgres'), { timeoutMs: 10_000 });
    for (const role of ['test_viewer', 'test_plain', 'test_password']) {
      await admin.sql.unsafe(`create role ${role} login`).catch(() => {});
    }
    await admin.sql.unsafe("alter role test_password password 'correct horse'");
    await admin.close();
  });

  it.each(['db.keyctl.test', 'localhost', '127.0.0.2'])(
    'accepts %s, which the certificate names',
    async (host) => {
      const { target, greeting } = await attempt(host, full());
      expect([target.tls, greeting.ssl]).toEqual([true, true]);
    },
  );

  it.each(['other.keyctl.test', '127.0.0.1'])(
    'refuses %s, which the certificate does not name',
    async (host) => {
      await expect(attempt(host, full())).rejects.toMatchObject({
        code: 'tls_wrong_host',
        exitCode: 78,
        message: expect.stringContaining(host),
      });
    },
  );

  it('refuses a certificate of another authority, and one that only Node’s authorities could vouch for', async () => {
    const refused = { code: 'tls_unverified', exitCode: 78 };
    await expect(attempt('localhost', { ...full(), ca: pem('other-ca.crt') })).rejects.toMatchObject(refused);
    await expect(attempt('localhost', { ...full(), ca: null })).rejects.toMatchObject(refused);
  });

  it('verifies the chain without the name under verify-ca, and neither under require', async () => {
    const chain: TlsSettings = { ...full(), verify: 'chain' };
    expect((await attempt('127.0.0.1', chain)).target.tls).toBe(true);
    await expect(attempt('127.0.0.1', { ...chain, ca: pem('other-ca.crt') })).rejects.toMatchObject({
      exitCode: 78,
    });
    expect((await attempt('127.0.0.1', { ...full(), verify: 'none', ca: null })).target.tls).toBe(true);
  });

  it('takes TLS when it is optional and offered', async () => {
    expect(
      (await attempt('127.0.0.1', { ...full(), required: false, verify: 'none', ca: null })).target.tls,
    ).toBe(true);
  });

  it('shows its own certificate', async () => {
    const { greeting } = await attempt('localhost', {
      ...full(),
      certificate: pem('client.crt'),
      key: new Secret(pem('client.key')),
    });
    expect(greeting.client_dn).toBe('/CN=test_viewer');
  });

  it('speaks the version it is told to, at least', async () => {
    const { greeting } = await attempt('localhost', { ...full(), minVersion: 'TLSv1.3' });
    expect(greeting.version).toBe('TLSv1.3');
  });

  it('does not go on in clear text', async () => {
    await expect(attempt('127.0.0.1', null)).rejects.toMatchObject({ code: 'login_refused', exitCode: 77 });
  });

  it('takes a password, and says when it was the wrong one', async () => {
    const as = (password: string): ConnectionSettings => ({
      ...settings('localhost', full()),
      user: 'test_password',
      password: new Secret(password),
    });
    const connection = await connect(as('correct horse'), { timeoutMs: 10_000 });
    await connection.close();
    expect(connection.target.role).toBe('test_password');
    await expect(connect(as('wrong horse'), { timeoutMs: 10_000 })).rejects.toMatchObject({
      code: 'login_refused',
      exitCode: 77,
    });
  });
});

describe('a server that does not offer TLS', () => {
  const listener = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(answer));
  });
  let answer = 'N';
  let settings: ConnectionSettings;
  beforeAll(async () => {
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as { port: number };
    const tls = {
      required: true,
      verify: 'full',
      ca: null,
      certificate: null,
      key: null,
      minVersion: 'TLSv1.2',
    } as const;
    settings = { ...settingsFor(newest, 'x', 'y'), host: '127.0.0.1', port, tls };
  });
  afterAll(() => listener.close());

  it('is refused, instead of spoken to in clear text', async () => {
    answer = 'N';
    await expect(connect(settings, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'tls_unavailable',
      exitCode: 78,
    });
  });

  it('is refused when it slips clear text in behind its yes (CVE-2021-23222)', async () => {
    answer = 'SR\0\0\0\x08\0\0\0\0';
    await expect(connect(settings, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'tls_unavailable',
      exitCode: 78,
    });
  });
});
