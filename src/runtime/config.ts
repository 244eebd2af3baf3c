import type { ConnectionSettings, EmbeddedSettings } from '../db/settings.js';
import { configError, type KeyctlError } from '../domain/errors.js';
import { Secret } from '../domain/secret.js';
import { readConfigFile, xdg } from './config-file.js';
import { urlSettings } from './database-url.js';
import { type Environment, isSet, namesDatabase, withEnvFile } from './env-file.js';
import { libpqSettings, refuseDriverVariables, type Setting, type Settings } from './libpq.js';
import { pgpassPassword } from './pgpass.js';
import type { FilePort } from './private-file.js';
import { tlsSettings } from './tls-settings.js';

export interface ConfigInput {
  readonly env: Environment;
  readonly flags: {
    readonly envFile?: string;
    readonly demo?: boolean;
    /** `--timeout`, which bounds connecting too and beats PGCONNECT_TIMEOUT. */
    readonly timeoutMs?: number;
  };
  readonly files: FilePort;
  readonly homeDirectory: string;
  readonly user: { readonly name: string; readonly uid: number };
}

/**
 * Which database a command works on, and how it is reached. First found wins: flags, KEYCTL_DATABASE_URL, DATABASE_URL,
 * PGHOST, PGHOSTADDR, PGPORT or PGDATABASE, `database_url` in `$XDG_CONFIG_HOME/keyctl/config.json`; none: the embedded
 * database. What a URL leaves open is filled from libpq's variables, as libpq does. `--demo` is the embedded database
 * `keyctl_demo`, whatever is set.
 * @throws KeyctlError 78 for anything that is set and cannot be obeyed (F4), and for files with secrets that others can read.
 */
export function resolveConfig(input: ConfigInput): ConnectionSettings | EmbeddedSettings {
  const { flags, files, user } = input;
  const env = withEnvFile(input.env, flags.envFile, files, user.uid);
  refuseDriverVariables(env);
  const dataHome = `${xdg(env.XDG_DATA_HOME, input.homeDirectory, '.local/share')}/keyctl`;
  if (flags.demo === true) return { kind: 'embedded', database: 'keyctl_demo', dataHome };
  const fromEnvironment = libpqSettings(env);
  const url = databaseUrl(env, input);
  if (url === null && !namesDatabase(env)) return { kind: 'embedded', database: 'keyctl', dataHome };
  const inUrl = url === null ? new Map<string, Setting>() : urlSettings(url.value, url.from);
  const settings: Settings = new Map([...fromEnvironment, ...inUrl]);
  return connectionSettings(settings, url?.from ?? 'PGHOST', input);
}

function databaseUrl(env: Environment, input: ConfigInput): Setting | null {
  for (const from of ['KEYCTL_DATABASE_URL', 'DATABASE_URL']) {
    const value = env[from];
    if (isSet(value)) return { value, from };
  }
  return namesDatabase(env) ? null : urlInConfigFile(env, input);
}

function urlInConfigFile(env: Environment, { files, homeDirectory, user }: ConfigInput): Setting | null {
  const found = readConfigFile(env, { files, homeDirectory, uid: user.uid });
  return found?.databaseUrl == null ? null : { value: found.databaseUrl, from: found.path };
}

function connectionSettings(settings: Settings, source: string, input: ConfigInput): ConnectionSettings {
  const { files, homeDirectory, user } = input;
  const text = (keyword: string): string | null => settings.get(keyword)?.value ?? null;
  const address = text('hostaddr');
  const host = text('host') ?? address ?? defaultHost(files);
  if (host.includes(',')) throw refused(settings.get('host'), 'names several hosts; keyctl takes one');
  if (host.startsWith('/') && address !== null)
    throw refused(settings.get('hostaddr'), 'makes no sense with a unix socket');
  const port = portNumber(settings.get('port'));
  const name = text('user') ?? user.name;
  const database = text('dbname') ?? name;
  const forPgpass = { host: host.startsWith('/') ? 'localhost' : host, port, database, user: name };
  const shared = { settings, files, homeDirectory, uid: user.uid };
  const password = text('password') ?? pgpassPassword(forPgpass, shared);
  return {
    kind: 'server',
    source,
    host,
    address,
    port,
    database,
    user: name,
    password: password === null ? null : new Secret(password),
    tls: tlsSettings({ ...shared, host, address }),
    applicationName: text('application_name') ?? text('fallback_application_name') ?? 'keyctl',
    serverOptions: text('options'),
    connectTimeoutMs: input.flags.timeoutMs ?? connectTimeoutMs(settings.get('connect_timeout')),
  };
}

/** As libpq without a host: the machine's own socket, Debian's directory or PostgreSQL's. */
function defaultHost(files: FilePort): string {
  return files.stat('/var/run/postgresql') === null ? '/tmp' : '/var/run/postgresql';
}

function portNumber(setting: Setting | undefined): number {
  if (setting === undefined) return 5432;
  const port = /^\d{1,5}$/.test(setting.value) ? Number(setting.value) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw refused(setting, 'is not a port between 1 and 65535');
}

/** libpq's 0 and negative values mean "for ever", which no wait of keyctl's does (F3). */
function connectTimeoutMs(setting: Setting | undefined): number | null {
  if (setting === undefined) return null;
  const seconds = /^\d{1,6}$/.test(setting.value) ? Number(setting.value) : 0;
  if (seconds > 0) return seconds * 1000;
  throw refused(setting, 'is not a whole number of seconds above 0');
}

function refused(setting: Setting | undefined, problem: string): KeyctlError {
  return configError(
    'unsupported_setting',
    `${setting?.from ?? 'a setting'} ${problem}`,
    'DATABASE_URL=postgres://USER@HOST:5432/DATABASE?connect_timeout=10',
  );
}
