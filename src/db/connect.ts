import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Sql } from 'postgres';
import { configError } from '../domain/errors.js';
import { blockersOf } from './blockers.js';
import { withDeadline } from './deadline.js';
import { executorOn } from './executor.js';
import { asKeyctlError, type FailureContext, isBlocked } from './failures.js';
import type { Executor } from './kernel.js';
import { closeSession, destroySession, openSession, type Session, type SessionStart } from './session.js';
import type { ConnectionSettings, Target } from './settings.js';

export interface ConnectOptions {
  /** Limit of opening the connection, and the default of every call on it (`--timeout`). */
  readonly timeoutMs: number;
  /** Shown as embedded in `Target`. */
  readonly embedded?: boolean;
  /** Waiting for somebody else's lock; default 5 s, at most 80 % of `timeoutMs`. Migrations wait longer. */
  readonly lockTimeoutMs?: number;
  /** One `select` without parameters to start with; its first row is `greeting`. It costs no round trip of its own. */
  readonly hello?: string;
  /** Modules to load while the server answers: that costs as much time as connecting does, and is free meanwhile. */
  readonly meanwhile?: (() => Promise<unknown>) | undefined;
  /** Ends connecting at once; of no meaning when the session is open. */
  readonly signal?: AbortSignal | undefined;
}

/** What a call sends, which decides what its loss means: 69 (nothing happened) or 75 (nobody knows). */
export interface Call {
  readonly sends: 'read' | 'change';
  readonly operationId?: string;
  /** Default: the connection's. */
  readonly timeoutMs?: number;
}

/**
 * One session of the server. It is never replaced behind the caller's back: when it is lost, every later call fails at once,
 * and who wants to go on opens another one.
 */
export interface Connection {
  readonly target: Target;
  /** What `hello` answered. */
  readonly greeting: Readonly<Record<string, unknown>>;
  /** Runs one statement written with Drizzle's `sql`; used inside `run`. Times come back as text (F36). */
  readonly execute: Executor['execute'];
  /** Drizzle on this session, for the query builder; loading it costs 17 ms of a start. Used inside `run`. */
  orm(): Promise<PostgresJsDatabase>;
  /** The same session without Drizzle, for scripts of several statements (`sql.unsafe(text).simple()`). */
  readonly sql: Sql;
  /** Runs `work` under a deadline and turns what it throws into a `KeyctlError` that says what can be relied on. */
  run<T>(call: Call, work: (db: Executor) => Promise<T>): Promise<T>;
  /** A session of its own for one COPY, without a statement limit: after a COPY out the driver can hang (F29), so it is destroyed. */
  copyClient(): Promise<CopyClient>;
  /** Says goodbye, flushed, and does not wait for the server to hang up. Never throws. */
  close(): Promise<void>;
  /** Ends the session at once; a statement in flight has an unknown outcome. */
  destroy(): void;
}

export interface CopyClient {
  readonly sql: Sql;
  close(): Promise<void>;
  destroy(): void;
}

/**
 * Opens one session with one round trip after authentication. `Target` costs none: the server reports its version and the
 * role by itself, so that the one statement is free for what the command wants to know first (`hello`).
 * @throws KeyctlError 69 unreachable or too slow, 77 password refused, 78 certificate, unknown database, server before 15.
 */
export async function connect(settings: ConnectionSettings, options: ConnectOptions): Promise<Connection> {
  const start = startOf(settings, options);
  const session = await openSession(settings, start);
  const target = targetOf(settings, session, options.embedded ?? false);
  const { sql } = session;
  const destroy = (): void => destroySession(session);
  const executor = executorOn(sql);
  let orm: PostgresJsDatabase | undefined;
  return {
    target,
    greeting: session.greeting,
    execute: executor.execute,
    async orm() {
      const { drizzle } = await import('drizzle-orm/postgres-js');
      orm ??= drizzle({ client: sql });
      return orm;
    },
    sql,
    async run(call, work) {
      const context = { sent: call.sends, target, ...withOperation(call) };
      const timeoutMs = call.timeoutMs ?? options.timeoutMs;
      try {
        return await withDeadline(work(executor), { timeoutMs, onTimeout: destroy });
      } catch (error) {
        throw await explained(error, context, session);
      }
    },
    async copyClient() {
      const copy = await openSession(settings, {
        ...start,
        hello: quietHello,
        statementMs: 0,
        meanwhile: () => Promise.resolve(),
      });
      return { sql: copy.sql, close: () => closeSession(copy), destroy: () => destroySession(copy) };
    },
    close: () => closeSession(session),
    destroy,
  };
}

function withOperation(call: Call): { operationId?: string } {
  return call.operationId === undefined ? {} : { operationId: call.operationId };
}

/** A statement that gave up waiting for a lock leaves the session usable: ask it who holds the lock (F40). */
async function explained(error: unknown, context: FailureContext, session: Session): Promise<unknown> {
  if (!isBlocked(error) || session.isLost()) return asKeyctlError(error, context);
  const asking = withDeadline(blockersOf(session.sql), {
    timeoutMs: 2000,
    onTimeout: () => destroySession(session),
  });
  return asKeyctlError(error, { ...context, blockers: await asking.catch(() => []) });
}

const quietHello = 'select session_user';

/** The server gives up a little before we do, so that its own answer ("cancelled, nothing done") arrives in time. */
function startOf(settings: ConnectionSettings, options: ConnectOptions): SessionStart {
  const statementMs = Math.max(1, Math.floor(options.timeoutMs * 0.9));
  return {
    hello: options.hello ?? quietHello,
    meanwhile: async () => options.meanwhile?.(),
    signal: options.signal,
    connectMs: settings.connectTimeoutMs ?? options.timeoutMs,
    statementMs,
    lockMs: Math.max(1, options.lockTimeoutMs ?? Math.min(5000, Math.floor(statementMs * 0.9))),
  };
}

function targetOf(settings: ConnectionSettings, session: Session, embedded: boolean): Target {
  const reported: Record<string, string> = session.sql.parameters as unknown as Record<string, string>;
  const serverVersion = (reported.server_version ?? '').split(' ')[0] ?? '';
  if (Number.parseInt(serverVersion, 10) < 15) {
    destroySession(session);
    throw configError(
      'server_too_old',
      `the server at ${settings.host} is PostgreSQL ${serverVersion}; keyctl needs 15 or newer`,
      'upgrade the server, or set DATABASE_URL to another one',
    );
  }
  return {
    host: settings.host,
    port: settings.port,
    database: settings.database,
    role: reported.session_authorization ?? settings.user,
    serverVersion,
    embedded,
    tls: session.source.encrypted(),
  };
}
