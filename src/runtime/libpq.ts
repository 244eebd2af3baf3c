import { configError, type KeyctlError } from '../domain/errors.js';
import { type Environment, isSet } from './env-file.js';

/** One setting under libpq's keyword, with the place where it was set, for messages. */
export interface Setting {
  readonly value: string;
  /** `PGSSLMODE`, or `sslmode in DATABASE_URL`. */
  readonly from: string;
}

export type Settings = ReadonlyMap<string, Setting>;

/** libpq's environment variables by keyword (PostgreSQL documentation, 32.15). */
const keywordOf: Readonly<Record<string, string>> = {
  PGHOST: 'host',
  PGHOSTADDR: 'hostaddr',
  PGPORT: 'port',
  PGDATABASE: 'dbname',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGPASSFILE: 'passfile',
  PGAPPNAME: 'application_name',
  PGOPTIONS: 'options',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGSSLMINPROTOCOLVERSION: 'ssl_min_protocol_version',
  PGSSLMAXPROTOCOLVERSION: 'ssl_max_protocol_version',
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGSSLCOMPRESSION: 'sslcompression',
  PGSSLCERTMODE: 'sslcertmode',
  PGSSLCRL: 'sslcrl',
  PGSSLCRLDIR: 'sslcrldir',
  PGSSLSNI: 'sslsni',
  PGREQUIRESSL: 'requiressl',
  PGREQUIREPEER: 'requirepeer',
  PGREQUIREAUTH: 'require_auth',
  PGCHANNELBINDING: 'channel_binding',
  PGGSSENCMODE: 'gssencmode',
  PGGSSDELEGATION: 'gssdelegation',
  PGKRBSRVNAME: 'krbsrvname',
  PGGSSLIB: 'gsslib',
  PGSERVICE: 'service',
  PGTARGETSESSIONATTRS: 'target_session_attrs',
  PGLOADBALANCEHOSTS: 'load_balance_hosts',
  PGMINPROTOCOLVERSION: 'min_protocol_version',
  PGMAXPROTOCOLVERSION: 'max_protocol_version',
  PGCLIENTENCODING: 'client_encoding',
};

/**
 * Keywords with one meaning only that keyctl already keeps; any other value asks for something that it cannot do. Variables
 * about how values look (PGTZ, PGDATESTYLE, PGGEQO) are not here: keyctl speaks UTC and ISO whatever they say.
 */
const onlyValues: Readonly<Record<string, readonly string[]>> = {
  sslnegotiation: ['postgres'],
  sslcompression: ['0'],
  sslsni: ['1'],
  sslcertmode: ['allow'],
  channel_binding: ['disable', 'prefer'],
  gssencmode: ['disable', 'prefer'],
  gssdelegation: ['0'],
  target_session_attrs: ['any'],
  load_balance_hosts: ['disable'],
  min_protocol_version: ['3.0'],
  max_protocol_version: ['3.0'],
  client_encoding: ['auto', 'UTF8', 'utf8', 'UTF-8', 'utf-8'],
  keepalives: ['1'],
};

const supported = new Set([
  'host',
  'hostaddr',
  'port',
  'dbname',
  'user',
  'password',
  'passfile',
  'application_name',
  'fallback_application_name',
  'options',
  'connect_timeout',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'ssl_min_protocol_version',
]);

/** What to do instead, where there is more to say than "take it away". */
const alternatives: Readonly<Record<string, string>> = {
  service: 'write the service’s host, port, dbname and user into DATABASE_URL',
  requiressl: 'set PGSSLMODE=verify-full',
  gssencmode: 'set PGGSSENCMODE=disable and PGSSLMODE=verify-full: TLS protects the connection',
  channel_binding: 'set PGCHANNELBINDING=prefer and PGSSLMODE=verify-full: the certificate is verified',
  sslnegotiation: 'set PGSSLNEGOTIATION=postgres',
  target_session_attrs: 'unset it and name the primary server in PGHOST',
  load_balance_hosts: 'name one server in PGHOST',
  ssl: 'write sslmode=verify-full',
};

/**
 * libpq's settings from the environment.
 * @throws KeyctlError 78 for a variable that libpq would obey and keyctl cannot: never ignored (F4).
 */
export function libpqSettings(env: Environment): Settings {
  const found = new Map<string, Setting>();
  for (const [name, keyword] of Object.entries(keywordOf)) {
    const value = env[name];
    if (isSet(value)) found.set(keyword, checked(keyword, { value, from: name }));
  }
  return found;
}

/**
 * PGTARGETSESSIONATTRS is the one variable that the driver reads by itself and cannot be told to leave alone: some values
 * make it reconnect for ever, `any` makes it fail. Refused for every database, the embedded one included.
 */
export function refuseDriverVariables(env: Environment): void {
  if (isSet(env.PGTARGETSESSIONATTRS)) throw unsupported('target_session_attrs', 'PGTARGETSESSIONATTRS');
}

/** Lets a setting pass that keyctl obeys. @throws KeyctlError 78 for any other, by keyword. */
export function checked(keyword: string, setting: Setting): Setting {
  const only = onlyValues[keyword];
  if (supported.has(keyword) || only?.includes(setting.value)) return setting;
  throw unsupported(keyword, only === undefined ? setting.from : `${setting.from} = ${setting.value}`);
}

function unsupported(keyword: string, what: string): KeyctlError {
  return configError(
    'unsupported_setting',
    `${what} is not supported`,
    alternatives[keyword] ?? 'take this setting away',
  );
}
