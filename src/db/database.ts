import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { configError, type ExitCode, exitCodes, interruptedError, KeyctlError } from '../domain/errors.js';
import type { Call, Connection, CopyClient } from './connect.js';
import type { Executor } from './kernel.js';
import type { Target } from './settings.js';

/** The database as actions use it: reads, changes that may be repeated, COPY. One session at a time. */
export interface Database {
  readonly target: Target;
  /** What the first statement of the session answered (`schemaHello`). */
  readonly greeting: Readonly<Record<string, unknown>>;
  /** A read through Drizzle's query builder. */
  read<T>(work: (orm: PostgresJsDatabase) => Promise<T>): Promise<T>;
  /** A read written with `sql` alone: starts 17 ms faster. */
  query<T>(work: (db: Executor) => Promise<T>): Promise<T>;
  /**
   * Runs a change that carries this operation id. When the session is lost, it is sent again on a new one: the kernel
   * answers a repeated operation with its first outcome (F2). Only when that fails too is the outcome unknown (exit 75),
   * or, of a change that never was on its way, not done (69).
   */
  change<T>(operationId: string, work: (db: Executor) => Promise<T>): Promise<T>;
  copyClient(): Promise<CopyClient>;
  close(): Promise<void>;
}

/**
 * @param open opens one session; called again only to ask for an answer that was lost
 * @param interrupted ends the sessions at once: what waits for them fails with 130 and says what can be relied on
 */
export async function openDatabase(
  open: () => Promise<Connection>,
  interrupted: AbortSignal = new AbortController().signal,
): Promise<Database> {
  let connection = await open();
  let underWay = 0;
  /** No new session was to be had: the next change does not wait for one again. */
  let away = false;
  interrupted.addEventListener('abort', () => connection.destroy());
  async function run<T>(call: Call, work: (db: Executor) => Promise<T>): Promise<T> {
    if (interrupted.aborted) throw interruptedError('nothing was sent to the database any more');
    underWay += 1;
    try {
      return await connection.run(call, work);
    } catch (error) {
      throw interrupted.aborted ? whenInterrupted(error, call) : error;
    } finally {
      underWay -= 1;
    }
  }
  async function change<T>(call: Call, work: (db: Executor) => Promise<T>, tries: number): Promise<T> {
    try {
      return await run(call, work);
    } catch (error) {
      if (tries === 1 || away || interrupted.aborted || !isLost(error)) throw error;
      connection = await open().catch(() => {
        away = true;
        throw error;
      });
      const again = change(call, work, tries - 1);
      return await (error.outcome === 'unknown' ? asked(again, error) : again);
    }
  }
  return {
    target: connection.target,
    greeting: connection.greeting,
    read: (work) => run({ sends: 'read' }, async () => work(await connection.orm())),
    query: (work) => run({ sends: 'read' }, work),
    change: (operationId, work) => change({ sends: 'change', operationId }, work, mostTries),
    async copyClient() {
      const copy = await connection.copyClient();
      const destroy = () => {
        // Some commands open hundreds of them, one after the other.
        interrupted.removeEventListener('abort', destroy);
        copy.destroy();
      };
      interrupted.addEventListener('abort', destroy);
      return { ...copy, destroy };
    },
    // Nobody waits for an answer that is not wanted any more.
    close: async () => (underWay > 0 ? connection.destroy() : connection.close()),
  };
}

/** Sent, asked for again, and once more: a tunnel that comes back is back by then. */
const mostTries = 3;

/** True when the session went away: before the change was sent, or with its answer on the way. */
function isLost(error: unknown): error is KeyctlError {
  return error instanceof KeyctlError && (error.outcome === 'unknown' || error.code === 'unreachable');
}

/** A change that was under way may have happened; after anything else nothing was changed. */
function whenInterrupted(error: unknown, { operationId }: Call): KeyctlError {
  if (!(error instanceof KeyctlError) || error.outcome !== 'unknown') {
    return interruptedError('nothing was changed', { outcome: 'not_done' });
  }
  const id = operationId ?? 'UUID';
  return interruptedError(`the change was sent and may or may not have happened (operation ${id})`, {
    hint: `run the same command again with --operation-id ${id}: it never does the work twice`,
    outcome: 'unknown',
    ...(operationId === undefined ? {} : { operationId }),
  });
}

/** Refusals of the kernel: it looked the operation up first, so they say for certain that it was not done. */
const refusals: readonly ExitCode[] = [exitCodes.usage, exitCodes.notFound, exitCodes.state];

/**
 * The answer of a later try. Its own failure tells nothing of the first, which may still be at work in the server or
 * have committed: unless the kernel refused, the outcome stays unknown.
 */
async function asked<T>(second: Promise<T>, unknown: KeyctlError): Promise<T> {
  try {
    return await second;
  } catch (error) {
    throw error instanceof KeyctlError && refusals.includes(error.exitCode) ? error : unknown;
  }
}

/**
 * The first statement of every session (`ConnectOptions.hello`): which program this database was migrated by, which database
 * it is, and how long its audit log is.
 */
export const schemaHello = `
  select i.schema_fingerprint, i.database_id::text, h.seq::text as head_seq, encode(h.hash, 'hex') as head_hash
  from keyctl.installation i left join keyctl.audit_head h on true`;

/**
 * Refuses (78) a database whose schema is older or newer than this program; a missing one fails in `schemaHello`.
 * @param connection opened with `schemaHello`
 * @param expected what this program's `drizzle/` folder amounts to (`schemaFingerprint`)
 */
export function checkSchema(connection: Connection, expected: string): void {
  if (connection.greeting.schema_fingerprint === expected) return;
  throw configError(
    'schema_differs',
    `the schema of ${connection.target.database} was made by another version of keyctl`,
    'keyctl db status, then keyctl db migrate (or install the newer keyctl)',
  );
}
