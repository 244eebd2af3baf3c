import type { Options, PostgresType, Sql } from 'postgres';
import { type Deadline, startDeadline, withDeadline } from './deadline.js';
import { asKeyctlError, isPassing } from './failures.js';
import type { ConnectionSettings } from './settings.js';
import { createSocketSource, type SocketSource } from './socket.js';
import { arrayTypes, textTypes } from './wire-types.js';

/** One client of the driver with its one socket. */
export interface Session {
  readonly sql: Sql;
  readonly source: SocketSource;
  /** The first row that the first statement answered. */
  readonly greeting: Readonly<Record<string, unknown>>;
  isLost(): boolean;
}

/** What a session starts with. */
export interface SessionStart {
  /** The first statement, without parameters: one round trip. */
  readonly hello: string;
  /** Limit of connecting, attempts together. */
  readonly connectMs: number;
  /** Limit of one statement in the server; 0 for none. */
  readonly statementMs: number;
  /** Limit of waiting for somebody else's lock. */
  readonly lockMs: number;
  /** Started while the server authenticates us. */
  readonly meanwhile: () => Promise<unknown>;
  /** Ends connecting at once. */
  readonly signal: AbortSignal | undefined;
}

const attempts = 5;

/** Tries again only what passes by itself (a server starting up, a tunnel not yet through), in one shared deadline. */
export async function openSession(settings: ConnectionSettings, start: SessionStart): Promise<Session> {
  const { default: postgres } = await import('postgres');
  const deadline = startDeadline(start.connectMs);
  for (let attempt = 1; ; attempt += 1) {
    const source = createSocketSource(settings);
    const sql = postgres(clientOptions(settings, start, source));
    const callOff = () => source.destroy();
    start.signal?.addEventListener('abort', callOff);
    try {
      return await established(sql, source, start, deadline);
    } catch (error) {
      source.destroy();
      void sql.end({ timeout: 0 });
      const pauseMs = 50 * 2 ** attempt;
      const last = attempt === attempts || start.signal?.aborted === true;
      if (last || !isPassing(error) || deadline.remainingMs() <= pauseMs) {
        throw asKeyctlError(error, {
          sent: 'nothing',
          target: { ...settings, role: settings.user, embedded: false },
        });
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    } finally {
      start.signal?.removeEventListener('abort', callOff);
    }
  }
}

/**
 * The driver connects for a statement only (its `reserve` hangs on a new connection without `fetch_types`), so the session
 * starts with one, whose round trip is used to ask something.
 */
async function established(
  sql: Sql,
  source: SocketSource,
  start: SessionStart,
  deadline: Deadline,
): Promise<Session> {
  const timeoutMs = Math.ceil(deadline.remainingMs());
  const asking = sql.unsafe(`${transactionLimit(start)}; ${start.hello}`).execute();
  const answers = await withDeadline(asking, { timeoutMs, onTimeout: () => source.destroy() });
  const [greeting = {}] = (answers[1] ?? []) as Record<string, unknown>[];
  let lost = false;
  source.current()?.once('close', () => {
    lost = true;
    // Otherwise the driver queues the next statement for a connection that never comes, for ever.
    void sql.end({ timeout: 0 });
  });
  return { sql, source, greeting, isLost: () => lost };
}

/**
 * Between Execute and Sync no other limit counts: a client that vanished there without closing would keep its transaction,
 * and the audit head, locked (F40). PostgreSQL 17 and newer end such a transaction; 15 and 16 would refuse an unknown
 * start-up parameter, so it is set here, where it exists.
 */
function transactionLimit({ statementMs }: SessionStart): string {
  const limitMs = statementMs === 0 ? 0 : statementMs + 1000;
  return `select set_config('transaction_timeout', '${limitMs}', false)
           where current_setting('transaction_timeout', true) is not null`;
}

/**
 * Every option that the driver would otherwise read from the environment or its own defaults is given here. Settings travel
 * as start-up parameters, so they cost no round trip and hold for the first statement already.
 */
function clientOptions(
  settings: ConnectionSettings,
  start: SessionStart,
  source: SocketSource,
): Options<Record<string, PostgresType>> {
  const { password } = settings;
  return {
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    // A function, also for no password at all: an empty string would make the driver look at PGPASSWORD.
    password: () => password?.reveal() ?? '',
    max: 1,
    ssl: false, // `source` speaks TLS itself (F4)
    async socket() {
      const socket = await source.open();
      // The driver's greeting leaves with the next immediate, so the loading waits for the one after it. What fails
      // there fails again, and is heard, where the same modules are used.
      setImmediate(() => setImmediate(() => void start.meanwhile().catch(() => {})));
      return socket;
    },
    idle_timeout: 0,
    max_lifetime: 0,
    connect_timeout: 0, // does not bound the driver's reconnecting (F3); our deadline does
    keep_alive: 0,
    max_pipeline: 1,
    backoff: false,
    prepare: true,
    debug: false,
    fetch_types: false,
    publications: 'none',
    no_subscribe: true,
    types: { ...arrayTypes, ...textTypes },
    onnotice: () => {},
    connection: sessionParameters(settings, start),
  } as Options<Record<string, PostgresType>>;
}

function sessionParameters(settings: ConnectionSettings, start: SessionStart): Record<string, string> {
  return {
    ...(settings.serverOptions === null ? {} : { options: settings.serverOptions }),
    application_name: settings.applicationName,
    // Names are schema-qualified everywhere; pg_temp last, so that no temporary table shadows a catalog's name (F41).
    search_path: 'pg_catalog, pg_temp',
    TimeZone: 'UTC',
    DateStyle: 'ISO, MDY',
    IntervalStyle: 'postgres',
    bytea_output: 'hex',
    // Compiling a plan over hundreds of weekly partitions costs seconds where running it takes milliseconds.
    jit: 'off',
    statement_timeout: String(start.statementMs),
    lock_timeout: String(start.lockMs),
    // A connection cut in the middle of a transaction must not keep the audit head locked (F40): shorter than lock_timeout.
    idle_in_transaction_session_timeout: '3000',
    // For the cut that closes nothing: the server's own keepalive notices it after some 25 s instead of two hours.
    tcp_keepalives_idle: '10',
    tcp_keepalives_interval: '5',
    tcp_keepalives_count: '3',
  };
}

/** Ends the session without a word. */
export function destroySession(session: Session): void {
  session.source.destroy();
  void session.sql.end({ timeout: 0 });
}

const goodbyeMs = 2000;

/** Waiting for the server to hang up costs a round trip; the goodbye in the kernel's hands is enough (F36). */
export async function closeSession(session: Session): Promise<void> {
  const socket = session.source.current();
  socket?.once('finish', () => socket.destroy());
  try {
    await withDeadline(session.sql.end(), { timeoutMs: goodbyeMs, onTimeout: () => destroySession(session) });
  } catch {
    // It did not close in time and was destroyed: closed all the same.
  }
}
