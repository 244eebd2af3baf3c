import { describe, expect, it } from 'vitest';
import type { ConnectionSettings, EmbeddedSettings } from '../../src/db/settings.js';
import { type ConfigInput, resolveConfig } from '../../src/runtime/config.js';

type Files = Record<string, string | { text: string; mode?: number; uid?: number }>;

/** An on-call engineer, uid 1000, whose files are 0600 unless a test says otherwise. */
function resolve(
  env: Record<string, string>,
  files: Files = {},
  flags: ConfigInput['flags'] = {},
): ConnectionSettings | EmbeddedSettings {
  const at = (path: string) => {
    const found = files[path];
    if (found === undefined) return null;
    return { mode: 0o100600, uid: 1000, ...(typeof found === 'string' ? { text: found } : found) };
  };
  return resolveConfig({
    env,
    flags,
    files: { readText: (path) => at(path)?.text ?? null, stat: at },
    homeDirectory: '/home/alice',
    user: { name: 'alice', uid: 1000 },
  });
}

const server = (...given: Parameters<typeof resolve>): ConnectionSettings => {
  const settings = resolve(...given);
  if (settings.kind !== 'server') throw new Error('resolved to the embedded database');
  return settings;
};

const refusal = (
  ...given: Parameters<typeof resolve>
): { code: string; exitCode: number; message: string; hint: string } => {
  try {
    resolve(...given);
  } catch (error) {
    return error as never;
  }
  throw new Error('was not refused');
};

const local = 'postgres://localhost/payments';

describe('which database', () => {
  it('none set: the embedded one, under the data home', () => {
    expect(resolve({})).toEqual({
      kind: 'embedded',
      database: 'keyctl',
      dataHome: '/home/alice/.local/share/keyctl',
    });
    expect(resolve({ XDG_DATA_HOME: '/data' })).toMatchObject({ dataHome: '/data/keyctl' });
    expect(resolve({ XDG_DATA_HOME: 'relative' })).toMatchObject({
      dataHome: '/home/alice/.local/share/keyctl',
    });
    expect(resolve({ PGUSER: 'bob', PGPASSWORD: 'x' })).toMatchObject({ kind: 'embedded' });
  });

  it('--demo is the embedded demo database, whatever is set', () => {
    const env = {
      DATABASE_URL: 'postgres://db.example.com/payments',
      PGSERVICE: 'payments',
      PGSSLMODE: 'disable',
    };
    expect(resolve(env, {}, { demo: true })).toMatchObject({ kind: 'embedded', database: 'keyctl_demo' });
  });

  it.each([
    [
      'KEYCTL_DATABASE_URL',
      { KEYCTL_DATABASE_URL: 'postgres://localhost/a', DATABASE_URL: 'postgres://localhost/b' },
      'a',
    ],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://localhost/b', PGHOST: 'localhost', PGDATABASE: 'c' }, 'b'],
    ['PGHOST', { PGHOST: 'localhost', PGDATABASE: 'c' }, 'c'],
  ])('%s wins over what comes after it', (source, env, database) => {
    const config = { '/home/alice/.config/keyctl/config.json': '{"database_url": "postgres://localhost/d"}' };
    expect(server(env, config)).toMatchObject({ source, database });
  });

  it('config.json is asked last, where XDG_CONFIG_HOME says', () => {
    const files = { '/etc/alice/keyctl/config.json': `{"database_url": "${local}"}` };
    expect(server({ XDG_CONFIG_HOME: '/etc/alice' }, files)).toMatchObject({
      source: '/etc/alice/keyctl/config.json',
      database: 'payments',
    });
  });

  it.each([
    ['not JSON', '{'],
    ['not an object', '[]'],
    ['an unknown setting', '{"databaseUrl": "x"}'],
    ['a URL that is no text', '{"database_url": 5}'],
  ])('config.json with %s is refused', (_name, text) => {
    expect(refusal({}, { '/home/alice/.config/keyctl/config.json': text })).toMatchObject({
      code: 'bad_config_file',
      exitCode: 78,
      hint: expect.stringContaining('/home/alice/.config/keyctl/config.json'),
    });
  });
});

describe('an env file', () => {
  const files = { '/srv/prod.env': 'export DATABASE_URL="postgres://localhost/prod"\nPGAPPNAME=oncall\n' };

  it('is read only when it is named', () => {
    expect(resolve({}, { '.env': `DATABASE_URL=${local}` })).toMatchObject({ kind: 'embedded' });
    expect(server({ KEYCTL_ENV_FILE: '/srv/prod.env' }, files)).toMatchObject({ database: 'prod' });
  });

  it.each([
    { DATABASE_URL: 'postgres://localhost/shell' },
    { KEYCTL_DATABASE_URL: 'postgres://localhost/shell' },
    { PGDATABASE: 'shell' },
  ])('decides the database alone, over %j in the shell', (env) => {
    expect(server(env, files, { envFile: '/srv/prod.env' })).toMatchObject({
      database: 'prod',
      applicationName: 'oncall',
    });
  });

  it('that names no database leaves the shell’s', () => {
    const settings = server(
      { DATABASE_URL: local },
      { '/srv/x.env': 'PGAPPNAME=oncall' },
      { envFile: '/srv/x.env' },
    );
    expect(settings).toMatchObject({ database: 'payments', applicationName: 'oncall' });
  });

  it('that is not there is refused', () => {
    expect(refusal({}, {}, { envFile: '/srv/none.env' })).toMatchObject({
      code: 'file_missing',
      exitCode: 78,
      message: expect.stringContaining('--env-file names /srv/none.env'),
    });
  });
});

describe('a file with a secret that others can read is refused with the chmod to run', () => {
  const open = (text: string) => ({ text, mode: 0o100640 });
  const key = { PGSSLMODE: 'verify-full', PGSSLCERT: '/c.crt', PGSSLKEY: '/c.key', PGHOST: 'db.example.com' };
  it.each([
    ['env file', {}, { '/e': open('') }, { envFile: '/e' }, '/e'],
    [
      'config.json',
      {},
      { '/home/alice/.config/keyctl/config.json': open('{}') },
      {},
      '/home/alice/.config/keyctl/config.json',
    ],
    ['.pgpass', { PGHOST: 'localhost' }, { '/home/alice/.pgpass': open('') }, {}, '/home/alice/.pgpass'],
    ['PGPASSFILE', { PGHOST: 'localhost', PGPASSFILE: '/p' }, { '/p': open('') }, {}, '/p'],
    ['sslkey', key, { '/c.crt': 'C', '/c.key': open('K') }, {}, '/c.key'],
  ])('%s', (_name, env: Record<string, string>, files: Files, flags, path) => {
    expect(refusal(env, files, flags)).toMatchObject({
      code: 'file_not_private',
      exitCode: 78,
      hint: `chmod 600 ${path}`,
    });
  });

  it('and so is one that belongs to somebody else', () => {
    expect(refusal({}, { '/e': { text: '', uid: 1001 } }, { envFile: '/e' })).toMatchObject({
      code: 'file_not_private',
    });
  });
});

describe('the pieces of a connection', () => {
  it('come from the URL, percent-decoded', () => {
    const url =
      'postgres://al%40ice:p%2Fw%23@[::1]:6543/pay%20ments?application_name=oncall&connect_timeout=7&options=-c%20work_mem%3D1MB';
    const settings = server({ DATABASE_URL: url });
    expect(settings).toMatchObject({
      user: 'al@ice',
      host: '::1',
      port: 6543,
      database: 'pay ments',
      applicationName: 'oncall',
      connectTimeoutMs: 7000,
      serverOptions: '-c work_mem=1MB',
    });
    expect(settings.password?.reveal()).toBe('p/w#');
  });

  it('that the URL leaves open come from libpq’s variables, then from defaults as libpq’s', () => {
    const env = {
      DATABASE_URL: 'postgresql://localhost',
      PGUSER: 'bob',
      PGPORT: '6000',
      PGPASSWORD: 'pw',
      PGHOST: 'elsewhere',
    };
    expect(server(env)).toMatchObject({ host: 'localhost', user: 'bob', database: 'bob', port: 6000 });
    expect(server({ DATABASE_URL: 'postgresql://localhost' })).toMatchObject({
      user: 'alice',
      database: 'alice',
      port: 5432,
    });
    expect(server({ PGDATABASE: 'x' }, { '/var/run/postgresql': '' })).toMatchObject({
      host: '/var/run/postgresql',
    });
    expect(server({ PGDATABASE: 'x' })).toMatchObject({ host: '/tmp' });
  });

  it.each(['postgres:///x?host=/run/pg', 'postgres://%2Frun%2Fpg/x'])(
    '%s is a unix socket, without TLS',
    (url) => {
      expect(server({ DATABASE_URL: url, PGSSLMODE: 'verify-full' })).toMatchObject({
        host: '/run/pg',
        database: 'x',
        tls: null,
      });
    },
  );

  it('--timeout beats PGCONNECT_TIMEOUT', () => {
    expect(server({ DATABASE_URL: local, PGCONNECT_TIMEOUT: '3' }, {}, { timeoutMs: 500 })).toMatchObject({
      connectTimeoutMs: 500,
    });
  });

  it('the password comes from the first fitting line of .pgpass', () => {
    const files = {
      '/home/alice/.pgpass':
        '# comment\nlocalhost:5432:other:*:no\nlocal*:*:*:*:no\nlocalhost:*:pay\\:ments:alice:s\\:ecret\n*:*:*:*:late\n',
    };
    expect(server({ PGHOST: 'localhost', PGDATABASE: 'pay:ments' }, files).password?.reveal()).toBe(
      's:ecret',
    );
    expect(server({ PGHOST: '/run/pg', PGDATABASE: 'pay:ments' }, files).password?.reveal()).toBe('s:ecret');
    expect(server({ PGHOST: 'localhost', PGDATABASE: 'x' }, files).password?.reveal()).toBe('late');
    expect(server({ PGHOST: 'localhost', PGPASSWORD: 'env' }, files).password?.reveal()).toBe('env');
    expect(server({ PGHOST: 'localhost' }).password).toBeNull();
  });
});

describe('TLS (F4)', () => {
  const files = { '/ca.pem': 'CA' };
  const tls = (host: string, mode?: string, more: Record<string, string> = {}) =>
    server({ PGHOST: host, ...(mode === undefined ? {} : { PGSSLMODE: mode }), ...more }, files).tls;

  it('is verify-full to every host that is not local, with Node’s authorities or a named one', () => {
    expect(tls('db.example.com')).toMatchObject({
      required: true,
      verify: 'full',
      ca: null,
      minVersion: 'TLSv1.2',
    });
    expect(tls('10.0.0.7', 'verify-full', { PGSSLROOTCERT: '/ca.pem' })).toMatchObject({
      verify: 'full',
      ca: 'CA',
    });
    expect(tls('db.example.com', undefined, { PGSSLROOTCERT: 'system' })).toMatchObject({ ca: null });
    expect(server({ PGHOST: 'db.example.com' }, { '/home/alice/.postgresql/root.crt': 'MINE' }).tls?.ca).toBe(
      'MINE',
    );
  });

  it.each(['disable', 'allow', 'prefer', 'require', 'verify-ca'])(
    'sslmode=%s to such a host is refused',
    (mode) => {
      for (const env of [
        { PGHOST: 'db.example.com', PGSSLMODE: mode },
        { DATABASE_URL: `postgres://db.example.com/x?sslmode=${mode}` },
        // Local by name only.
        { DATABASE_URL: `postgres://localhost/x?hostaddr=203.0.113.7&sslmode=${mode}` },
      ]) {
        expect(refusal(env)).toMatchObject({
          code: 'insecure_tls',
          exitCode: 78,
          hint: expect.stringContaining('verify-full'),
        });
      }
    },
  );

  it.each(['localhost', '127.0.0.1', '127.9.9.9', '::1'])('is optional to %s', (host) => {
    expect(tls(host)).toBeNull();
    expect(tls(host, 'disable')).toBeNull();
    expect(tls(host, 'prefer')).toMatchObject({ required: false, verify: 'none' });
    expect(tls(host, 'require')).toMatchObject({ required: true, verify: 'none' });
    expect(tls(host, 'verify-ca', { PGSSLROOTCERT: '/ca.pem' })).toMatchObject({ verify: 'chain', ca: 'CA' });
    expect(tls(host, 'verify-full')).toMatchObject({ required: true, verify: 'full' });
  });

  it('a name that only begins like loopback is not local', () => {
    expect(tls('127.example.com')).toMatchObject({ verify: 'full' });
    expect(tls('localhost.example.com')).toMatchObject({ verify: 'full' });
  });

  it('takes a client certificate with its key, and neither alone', () => {
    const pair = { '/c.crt': 'C', '/c.key': 'K' };
    const env = { DATABASE_URL: 'postgres://db.example.com/x?sslcert=/c.crt&sslkey=/c.key' };
    const settings = server(env, pair).tls;
    expect([settings?.certificate, settings?.key?.reveal()]).toEqual(['C', 'K']);
    expect(refusal({ PGHOST: 'db.example.com', PGSSLKEY: '/c.key' }, pair)).toMatchObject({
      code: 'certificate_missing',
    });
    expect(refusal({ PGHOST: 'db.example.com', PGSSLCERT: '/c.crt' }, pair)).toMatchObject({
      code: 'file_missing',
    });
    expect(refusal({ PGHOST: 'db.example.com', PGSSLROOTCERT: '/none' })).toMatchObject({
      code: 'file_missing',
    });
  });
});

describe('what is set and not supported is refused, never ignored', () => {
  it.each([
    ['PGSERVICE', 'payments'],
    ['PGGSSENCMODE', 'require'],
    ['PGCHANNELBINDING', 'require'],
    ['PGREQUIREAUTH', 'scram-sha-256'],
    ['PGREQUIREPEER', 'postgres'],
    ['PGREQUIRESSL', '1'],
    ['PGSSLCRL', '/crl'],
    ['PGSSLNEGOTIATION', 'direct'],
    ['PGSSLMODE', 'sometimes'],
    ['PGSSLMINPROTOCOLVERSION', 'TLSv1'],
    ['PGTARGETSESSIONATTRS', 'any'],
    ['PGLOADBALANCEHOSTS', 'random'],
    ['PGCLIENTENCODING', 'LATIN1'],
    ['PGPORT', '5432,5433'],
    ['PGPORT', '0'],
    ['PGCONNECT_TIMEOUT', '0'],
    ['PGHOST', 'a,b'],
  ])('%s=%s', (name, value) => {
    const found = refusal({ PGHOST: 'db.example.com', [name]: value });
    expect(found).toMatchObject({
      code: 'unsupported_setting',
      exitCode: 78,
      message: expect.stringContaining(name),
    });
    expect(found.hint).not.toBe('');
  });

  it('PGTARGETSESSIONATTRS also for the embedded database, since the driver reads it by itself', () => {
    expect(refusal({ PGTARGETSESSIONATTRS: 'standby' }, {}, { demo: true })).toMatchObject({ exitCode: 78 });
  });

  it.each([
    'PGGSSENCMODE=prefer',
    'PGCHANNELBINDING=prefer',
    'PGCLIENTENCODING=UTF8',
    'PGTZ=Europe/Berlin',
    'PGSSLSNI=1',
  ])('%s changes nothing that keyctl promises, and passes', (assignment) => {
    const [name = '', value = ''] = assignment.split('=');
    expect(server({ PGHOST: 'db.example.com', [name]: value })).toMatchObject({ host: 'db.example.com' });
  });

  it.each([
    'pgbouncer=true',
    'schema=public',
    'ssl=true',
    'service=x',
    'gssencmode=require',
    'sslpassword=x',
  ])('the URL parameter %s', (parameter) => {
    expect(refusal({ DATABASE_URL: `postgres://db.example.com/x?${parameter}` })).toMatchObject({
      code: 'unsupported_setting',
      message: expect.stringContaining(parameter.split('=')[0] ?? ''),
    });
  });

  it.each([
    'mysql://localhost/x',
    'localhost:5432',
    'postgres://u:canary#x@localhost/x',
    'postgres://u:canary/x@localhost/x',
    'postgres://u:canary%zz@localhost/x',
    'postgres://u:canary@a,b/x',
    'postgres://u:canary@localhost:99999/x',
  ])('the URL %s, without repeating any of it', (url) => {
    const found = refusal({ DATABASE_URL: url });
    expect(found).toMatchObject({
      code: 'bad_database_url',
      exitCode: 78,
      message: expect.stringContaining('DATABASE_URL'),
    });
    expect(JSON.stringify(found) + found.message).not.toContain('canary');
  });

  it('shows no password when the settings are printed', () => {
    expect(JSON.stringify(server({ DATABASE_URL: 'postgres://u:canary@localhost/x' }))).not.toContain(
      'canary',
    );
  });
});
