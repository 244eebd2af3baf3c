import type { Secret } from '../domain/secret.js';

/**
 * What a connection needs to know, resolved once by `src/runtime/config.ts`. Nothing below this type reads an
 * environment or a file: every libpq setting was mapped or refused before it became one of these fields (F4).
 */
export interface ConnectionSettings {
  readonly kind: 'server';
  /** Where it was set, for people: `DATABASE_URL`, `PGHOST`, a file's path. */
  readonly source: string;
  /** A host name, an IP address, or the directory of a unix socket (starts with `/`). The certificate must name it. */
  readonly host: string;
  /** libpq's `hostaddr`: connect here, but verify the certificate against `host`. */
  readonly address: string | null;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Secret | null;
  readonly tls: TlsSettings | null;
  readonly applicationName: string;
  /** libpq's `options` (`-c name=value …`). keyctl's own session settings are applied after it and win. */
  readonly serverOptions: string | null;
  /** From PGCONNECT_TIMEOUT or `connect_timeout`; null: the command's own deadline counts. */
  readonly connectTimeoutMs: number | null;
}

export interface EmbeddedSettings {
  readonly kind: 'embedded';
  readonly database: EmbeddedDatabase;
  /** `$XDG_DATA_HOME/keyctl`. */
  readonly dataHome: string;
}

export type EmbeddedDatabase = 'keyctl' | 'keyctl_demo';

export interface TlsSettings {
  /** `optional` (sslmode `prefer`) exists for local hosts only; the resolver refuses it for others. */
  readonly required: boolean;
  /** `full`: chain and name. `chain`: libpq's verify-ca. `none`: local hosts only. */
  readonly verify: 'full' | 'chain' | 'none';
  /** PEM. Null: the certificate authorities that Node brings along (and NODE_EXTRA_CA_CERTS). */
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: Secret | null;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** The database a command works on, as shown to who is asked and named by "not found". */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** session_user: who the database will write down as the actor. */
  readonly role: string;
  readonly serverVersion: string;
  readonly embedded: boolean;
  readonly tls: boolean;
}

/** The path of the server's unix socket, or null when the host is reached by TCP. */
export function socketPath(settings: Pick<ConnectionSettings, 'host' | 'port'>): string | null {
  return settings.host.startsWith('/') ? `${settings.host}/.s.PGSQL.${settings.port}` : null;
}

/** `payments on db.internal:5432 as alice`, for messages. */
export function targetName(target: Pick<Target, 'host' | 'port' | 'database' | 'role' | 'embedded'>): string {
  if (target.embedded) return `the embedded database ${target.database}`;
  const place = target.host.startsWith('/') ? target.host : `${target.host}:${target.port}`;
  return `database ${target.database} on ${place} as ${target.role}`;
}
