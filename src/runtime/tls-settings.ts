import type { TlsSettings } from '../db/settings.js';
import { configError } from '../domain/errors.js';
import { isLocalHost } from '../domain/local-host.js';
import { Secret } from '../domain/secret.js';
import type { Setting, Settings } from './libpq.js';
import { type FilePort, missingFile, readNamedPrivateFile, readPrivateFile } from './private-file.js';

export interface TlsInput {
  readonly settings: Settings;
  readonly host: string;
  readonly address: string | null;
  readonly files: FilePort;
  readonly homeDirectory: string;
  readonly uid: number;
}

/**
 * keyctl's own reading of `sslmode`, because the driver's ignores PGSSLMODE, does not verify under `require`, and falls back to
 * clear text under `prefer` (F4):
 *
 * | sslmode | unix socket | localhost, 127.0.0.0/8, ::1 | any other host |
 * |---|---|---|---|
 * | not set | clear | clear | verify-full |
 * | disable | clear | clear | refused |
 * | allow, prefer | clear | TLS if offered, not verified | refused |
 * | require | clear | TLS, not verified | refused |
 * | verify-ca | clear | TLS, chain verified, any name | refused |
 * | verify-full | clear | TLS, chain and name | TLS, chain and name |
 *
 * Unix sockets know no TLS, in libpq neither. `verify-ca` is for tunnels, whose certificate names the far end. The authority is
 * `sslrootcert`, else `~/.postgresql/root.crt` when it is there, else (as for `sslrootcert=system`) those that Node brings.
 * @throws KeyctlError 78 for what is refused, for missing files and for keys that others can read.
 */
export function tlsSettings(input: TlsInput): TlsSettings | null {
  const { settings, host, address } = input;
  if (host.startsWith('/')) return null;
  const mode = settings.get('sslmode');
  // Local in name and in fact: `host=localhost hostaddr=203.0.113.7` must not go out in clear text.
  const local = isLocalHost(host) && (address === null || isLocalHost(address));
  const [required, verify] = protection(mode, local) ?? [null, null];
  if (required === null) return null;
  const certificate = clientCertificate(input);
  return {
    required,
    verify,
    ca: verify === 'none' ? null : authority(input),
    certificate: certificate?.text ?? null,
    key: certificate === null ? null : clientKey(input, certificate.from),
    minVersion: minVersion(settings.get('ssl_min_protocol_version')),
  };
}

type Protection = readonly [required: boolean, verify: TlsSettings['verify']];

const onLocalHost: Readonly<Record<string, Protection | null>> = {
  disable: null,
  allow: [false, 'none'],
  prefer: [false, 'none'],
  require: [true, 'none'],
  'verify-ca': [true, 'chain'],
  'verify-full': [true, 'full'],
};

function protection(mode: Setting | undefined, local: boolean): Protection | null {
  if (mode === undefined) return local ? null : [true, 'full'];
  const found = onLocalHost[mode.value];
  if (found === undefined) {
    throw configError(
      'unsupported_setting',
      `${mode.from}: there is no sslmode ${mode.value}`,
      'set PGSSLMODE=verify-full',
    );
  }
  if (local || mode.value === 'verify-full') return found;
  throw configError(
    'insecure_tls',
    `${mode.from} = ${mode.value} does not prove which server answers, and the host is not local`,
    'set sslmode=verify-full (PGSSLMODE or in the URL), and sslrootcert to the authority’s file if it is your own',
  );
}

function authority({ settings, files, homeDirectory }: TlsInput): string | null {
  const named = settings.get('sslrootcert');
  if (named === undefined) return files.readText(`${homeDirectory}/.postgresql/root.crt`);
  if (named.value === 'system') return null;
  const text = files.readText(named.value);
  if (text === null) throw missingFile(named.from, named.value);
  return text;
}

function clientCertificate({
  settings,
  files,
  homeDirectory,
}: TlsInput): { text: string; from: string } | null {
  const named = settings.get('sslcert');
  const path = named?.value ?? `${homeDirectory}/.postgresql/postgresql.crt`;
  const text = files.readText(path);
  if (text !== null) return { text, from: named?.from ?? path };
  if (named !== undefined) throw missingFile(named.from, named.value);
  const key = settings.get('sslkey');
  if (key === undefined) return null;
  throw configError(
    'certificate_missing',
    `${key.from} is set without a certificate`,
    'set PGSSLCERT (or sslcert= in the URL) beside it',
  );
}

function clientKey({ settings, files, homeDirectory, uid }: TlsInput, certificateFrom: string): Secret {
  const named = settings.get('sslkey');
  const path = named?.value ?? `${homeDirectory}/.postgresql/postgresql.key`;
  if (named !== undefined) return new Secret(readNamedPrivateFile(files, path, uid, named.from));
  const text = readPrivateFile(files, path, uid);
  if (text === null) throw missingFile(certificateFrom, path);
  return new Secret(text);
}

function minVersion(setting: Setting | undefined): TlsSettings['minVersion'] {
  if (setting === undefined || setting.value === 'TLSv1.2') return 'TLSv1.2';
  if (setting.value === 'TLSv1.3') return 'TLSv1.3';
  throw configError(
    'unsupported_setting',
    `${setting.from} = ${setting.value} is not supported`,
    'set PGSSLMINPROTOCOLVERSION=TLSv1.2',
  );
}
