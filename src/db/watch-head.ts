import { type SQL, sql } from 'drizzle-orm';
import type { Database } from './database.js';
import type { Executor } from './kernel.js';

/** Where the audit log ends: its number of rows, and the hash of the last in hex. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** The head after a change, and the hash of the remembered row as it is now; null when that row is gone. */
export interface HeadAfter extends Head {
  readonly rememberedHash: string | null;
}

export interface HeadWatch {
  /** The same database; `changing` is called before each change. */
  readonly db: Database;
  /** After the last change; null as long as there was none. */
  after(): HeadAfter | null;
}

/** What a session found in its first statement; null where head or id is missing, as in a log that was tampered with. */
export function greetedHead({ greeting }: Database): { databaseId: string; head: Head } | null {
  const { database_id: databaseId, head_seq: seq, head_hash: hash } = greeting;
  if (typeof databaseId !== 'string' || typeof seq !== 'string' || typeof hash !== 'string') return null;
  return { databaseId, head: { seq: Number(seq), hash } };
}

/**
 * Learns from each change which head it made, in the change's own statement: the head is asked of a volatile function outside the
 * subquery that changes, and so after it. A round trip of its own would cost as much as the change (F26).
 */
export function watchHead(db: Database, remembered: number | null, changing: () => void): HeadWatch {
  let after: HeadAfter | null = null;
  const watched = (executor: Executor): Executor => ({
    async execute(query: SQL) {
      const rows = await executor.execute(
        sql`select t.*, keyctl.head_now(${remembered}::bigint) as head_now from (${query}) t`,
      );
      return rows.map(({ head_now: answer, ...row }) => {
        after = headIn(answer) ?? after;
        return row;
      });
    },
  });
  const change: Database['change'] = (operationId, work) => {
    changing();
    return db.change(operationId, (executor) => work(watched(executor)));
  };
  return { db: { ...db, change }, after: () => after };
}

/** The head as it is now, beside the row that is remembered; null where it cannot be told. */
export async function readHead(db: Database, remembered: number): Promise<HeadAfter | null> {
  const rows = await db.query((executor) =>
    executor.execute(sql`select keyctl.head_now(${remembered}::bigint) as head_now`),
  );
  return headIn(rows[0]?.head_now);
}

function headIn(answer: unknown): HeadAfter | null {
  const [seq = '', hash = '', rememberedHash = ''] = String(answer).split(':');
  if (!/^\d+$/.test(seq)) return null;
  return { seq: Number(seq), hash, rememberedHash: rememberedHash === '' ? null : rememberedHash };
}
