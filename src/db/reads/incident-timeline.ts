import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { recordOf } from './audit-log.js';

/** One thing that happened in an incident: a row of the audit log, with its time as somebody corrected it. */
export interface TimelineEntry {
  readonly seq: number;
  /** The corrected time where there is one, else the logged one. */
  readonly at: string;
  readonly loggedAt: string;
  readonly action: string;
  readonly keyId: string | null;
  readonly keyName: string | null;
  readonly actorDb: string;
  readonly actorOs: string | null;
  readonly actorClaimed: string | null;
  readonly host: string | null;
  readonly reason: string | null;
  readonly operationId: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly answer: Readonly<Record<string, unknown>>;
  readonly correction: { readonly reason: string; readonly by: string; readonly at: string } | null;
}

/** One page of a timeline, in the order of the log; pages go by seq, so that nothing stays open between them. */
export async function timelinePage(
  db: Executor,
  { incidentId, after, limit }: { incidentId: string; after: number; limit: number },
): Promise<TimelineEntry[]> {
  return await entries(
    db,
    sql`t.incident_id = ${incidentId} and t.seq > ${after}::bigint order by t.seq limit ${limit}::int`,
  );
}

/** The end of a timeline, newest first. */
export async function timelineEnd(
  db: Executor,
  { incidentId, limit }: { incidentId: string; limit: number },
): Promise<TimelineEntry[]> {
  return await entries(db, sql`t.incident_id = ${incidentId} order by t.seq desc limit ${limit}::int`);
}

async function entries(db: Executor, where: SQL): Promise<TimelineEntry[]> {
  const rows = await db.execute(sql`
    select t.seq::float8 as seq, t.at::text as at, t.logged_at::text as logged_at, t.action, t.key_id, t.key_name, t.actor_db, t.actor_os,
      t.actor_claimed, t.host, t.reason, t.operation_id, t.record, t.correction_reason, t.corrected_by,
      t.corrected_at::text as corrected_at
    from keyctl.incident_timeline t where ${where}`);
  return Array.from(rows, entryOf);
}

function entryOf(row: Record<string, unknown>): TimelineEntry {
  const { details, answer } = recordOf(String(row.record));
  const correction =
    row.correction_reason === null
      ? null
      : {
          reason: String(row.correction_reason),
          by: String(row.corrected_by),
          at: String(row.corrected_at),
        };
  return {
    seq: Number(row.seq),
    at: String(row.at),
    loggedAt: String(row.logged_at),
    action: String(row.action),
    keyId: row.key_id as string | null,
    keyName: row.key_name as string | null,
    actorDb: String(row.actor_db),
    actorOs: row.actor_os as string | null,
    actorClaimed: row.actor_claimed as string | null,
    host: row.host as string | null,
    reason: row.reason as string | null,
    operationId: String(row.operation_id),
    details,
    answer,
    correction,
  };
}
