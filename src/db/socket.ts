import { createConnection, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from 'node:tls';
import { configError, exitCodes, KeyctlError } from '../domain/errors.js';
import { type ConnectionSettings, socketPath, type TlsSettings } from './settings.js';

/** The connection of a client ended; a client never gets a second one. */
export class SessionLostError extends Error {
  readonly code = 'KEYCTL_SESSION_LOST';

  constructor() {
    super('the connection is gone');
    this.name = 'SessionLostError';
  }
}

/** Makes the one socket of one driver client, and owns its end. */
export interface SocketSource {
  /** For postgres.js's `socket` option: connected, and inside TLS where the settings ask for it. */
  open(): Promise<Socket>;
  /** The socket in use, if any. */
  current(): Socket | null;
  /** Whether the socket in use is inside TLS. */
  encrypted(): boolean;
  /** Ends the socket without a word, also one that is still connecting. `open` never succeeds again. */
  destroy(): void;
}

const keepaliveMs = 10_000;
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * A source of exactly one socket. postgres.js reconnects for ever, about 700 times a second against a server that accepts
 * and closes (F3), and after a reconnect it goes on with what was meant to stay in one session: `begin()`'s callback runs
 * on in autocommit (F1), a session's advisory lock is gone. So the second `open` throws, and who wants to try again makes
 * a new client, bounded by its own count and deadline (`connect`).
 */
export function createSocketSource(settings: ConnectionSettings): SocketSource {
  let used = false;
  let socket: Socket | null = null;
  let encrypted = false;
  const hold = (next: Socket): Socket => {
    socket = next;
    // A socket may fail after its listeners are gone (a reset while it closes); unheard, that would end the process.
    next.on('error', () => {});
    return next;
  };
  return {
    async open() {
      if (used) throw new SessionLostError();
      used = true;
      const plain = await connected(hold(dial(settings)));
      if (settings.tls === null || socketPath(settings) !== null) return plain;
      if (!(await serverSpeaksTls(plain, settings.tls.required))) return plain;
      encrypted = true;
      return await secured(hold(connectTls(tlsOptions(plain, settings.host, settings.tls))), settings.host);
    },
    current: () => socket,
    encrypted: () => encrypted,
    destroy() {
      used = true;
      socket?.destroy();
    },
  };
}

/** Keepalive finds a peer that vanished while we wait for a long answer; the deadline finds it while we talk. */
function dial(settings: ConnectionSettings): Socket {
  const path = socketPath(settings);
  if (path !== null) return createConnection({ path });
  const host = settings.address ?? settings.host;
  return createConnection({
    host,
    port: settings.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepaliveMs,
  });
}

function connected(socket: Socket): Promise<Socket> {
  return firstOf(socket, 'connect', (resolve) => resolve(socket));
}

/** Asks for TLS in PostgreSQL's own way: eight bytes, answered by one, `S` or `N`. */
async function serverSpeaksTls(socket: Socket, required: boolean): Promise<boolean> {
  socket.write(sslRequest);
  const answer = await firstOf<Buffer>(socket, 'data', (resolve, chunk) => resolve(chunk as Buffer));
  // More than one byte would be clear text slipped in before the handshake and read as if it came through it (CVE-2021-23222).
  const letter = answer.length === 1 ? answer.toString('latin1') : '';
  if (letter === 'S') return true;
  if (letter === 'N' && !required) return false;
  socket.destroy();
  throw configError(
    'tls_unavailable',
    'the server does not offer TLS, and clear text is allowed to local hosts only',
    'turn on ssl in postgresql.conf, or reach the server through an SSH tunnel on localhost',
  );
}

function tlsOptions(socket: Socket, host: string, tls: TlsSettings): ConnectionOptions {
  return {
    socket,
    // Without `host` Node checks the certificate against `localhost`; an IP address then passes with any local name (F4).
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: tls.minVersion,
    rejectUnauthorized: tls.verify !== 'none',
    // For an IP address Node wants an IP subject alternative name; a common name never counts.
    checkServerIdentity: (_name, certificate) =>
      tls.verify === 'full' ? checkServerIdentity(host, certificate) : undefined,
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.certificate === null ? {} : { cert: tls.certificate }),
    ...(tls.key === null ? {} : { key: tls.key.reveal() }),
  };
}

async function secured(socket: Socket, host: string): Promise<Socket> {
  try {
    return await firstOf(socket, 'secureConnect', (resolve) => resolve(socket));
  } catch (error) {
    throw tlsFailure(error, host);
  }
}

function tlsFailure(error: unknown, host: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return configError(
      'tls_wrong_host',
      `the server's certificate does not name ${host}`,
      'connect by a name in the certificate, or set PGHOST to that name and PGHOSTADDR to the address',
    );
  }
  if (!/CERT|SIGNATURE|ISSUER|SELF_SIGNED/.test(code)) return error;
  return configError(
    'tls_unverified',
    `the server's certificate could not be verified (${code})`,
    'set PGSSLROOTCERT (or sslrootcert= in the URL) to the file of the authority that signed it',
  );
}

/** Resolves on `event`; rejects when the socket fails or closes before it. Leaves no listener behind. */
function firstOf<T>(
  socket: Socket,
  event: string,
  settle: (resolve: (value: T) => void, argument: unknown) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const failed = (error: Error): void => finish(() => reject(error));
    const closed = (): void => finish(() => reject(closedEarly()));
    const happened = (argument: unknown): void => finish(() => settle(resolve, argument));
    const finish = (act: () => void): void => {
      socket.off(event, happened).off('error', failed).off('close', closed);
      act();
    };
    socket.once(event, happened).once('error', failed).once('close', closed);
  });
}

function closedEarly(): KeyctlError {
  return new KeyctlError({
    code: 'closed_early',
    message: 'the server accepted the connection and closed it without a word',
    hint: 'check what listens there: a tunnel or a load balancer without a database behind it?',
    exitCode: exitCodes.unreachable,
  });
}
