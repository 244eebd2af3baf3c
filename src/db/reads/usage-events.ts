import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../../domain/stored-time.js';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';
import { ofThisKey, type UsageFilter, usageConditions, windowConditions } from './usage-filter.js';

/** One request, as the log has it. */
export interface UsageEvent {
  /** With microseconds, in UTC: `2026-11-21 09:12:13.551105+00`. */
  readonly ts: string;
  readonly keyId: string;
  readonly id: string;
  readonly keyVersion: number | null;
  readonly method: string | null;
  readonly endpoint: string | null;
  readonly object: string | null;
  readonly feature: string | null;
  readonly status: number | null;
  /** The address as it was logged, which need not be one (F21). */
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly bytes: number | null;
  readonly latencyMs: number | null;
  readonly tokens: number | null;
  readonly costUsd: number | null;
  readonly model: string | null;
  readonly requestId: string | null;
}

/** The place of an event in the order of all events. */
export type EventPlace = Pick<UsageEvent, 'ts' | 'keyId' | 'id'>;

const columns =
  sql.raw(`ts, key_id, id, key_version, method, endpoint, object, feature, status, ip_text, user_agent, bytes,
  latency_ms, tokens, cost_usd, model, request_id`);
/** `at`, not `ts`: the order below means the column, and an output of that name would be sorted as text. */
const shown =
  sql.raw(`ts::text as at, key_id, id, key_version, method, endpoint, object, feature, status, ip_text, user_agent,
  bytes::float8 as bytes, latency_ms, tokens::float8 as tokens, cost_usd::float8 as cost_usd, model, request_id`);

/**
 * The newest events that fit, newest first: from the primary key for a key, from the index on time for all keys. With several keys each
 * brings its newest ones, and the newest of those are taken.
 */
export function newestEventsQuery(filter: UsageFilter, before: EventPlace | null, limit: number): SQL {
  const last = sql`order by ts desc, key_id desc, id desc limit ${limit}::int`;
  const place = before === null ? [] : placeConditions(before, 'before');
  if (filter.keyIds === null) {
    const where = sql.join([usageConditions(filter), ...place], sql` and `);
    return sql`select ${shown} from keyctl.usage_events where ${where} ${last}`;
  }
  const where = sql.join([ofThisKey(filter), ...windowConditions(filter), ...place], sql` and `);
  return sql`
    select ${shown} from unnest(${arrayLiteral(filter.keyIds)}::text[]) as k (wanted) cross join lateral (
      select ${columns} from keyctl.usage_events where ${where}
      order by key_id desc, ts desc, id desc limit ${limit}::int) e
    ${last}`;
}

export async function newestEvents(
  db: Executor,
  filter: UsageFilter,
  before: EventPlace | null,
  limit: number,
): Promise<UsageEvent[]> {
  return Array.from(await db.execute(newestEventsQuery(filter, before, limit)), eventOf);
}

/** Events that fit, oldest first, after a place in their order. */
export async function eventsAfter(
  db: Executor,
  filter: UsageFilter,
  after: EventPlace | null,
  limit: number,
): Promise<UsageEvent[]> {
  const conditions = [usageConditions(filter), ...(after === null ? [] : placeConditions(after, 'after'))];
  const rows = await db.execute(sql`
    select ${shown} from keyctl.usage_events where ${sql.join(conditions, sql` and `)}
    order by ts, key_id, id limit ${limit}::int`);
  return Array.from(rows, eventOf);
}

/**
 * Exactly after or before the place, and in the window up to the millisecond beside it: parameters of time are Dates to the driver
 * and lose the microseconds, but only by them the planner leaves out whole weeks.
 */
function placeConditions({ ts, keyId, id }: EventPlace, side: 'before' | 'after'): SQL[] {
  const place = sql`(${ts}::text::timestamptz, ${keyId}::text, ${id}::text)`;
  const from = isoTime(ts);
  if (side === 'after') return [sql`ts >= ${from}::timestamptz`, sql`(ts, key_id, id) > ${place}`];
  const to = new Date(Date.parse(from) + 1).toISOString();
  return [sql`ts < ${to}::timestamptz`, sql`(ts, key_id, id) < ${place}`];
}

function eventOf(row: Record<string, unknown>): UsageEvent {
  return {
    ts: String(row.at),
    keyId: String(row.key_id),
    id: String(row.id),
    keyVersion: row.key_version as number | null,
    method: row.method as string | null,
    endpoint: row.endpoint as string | null,
    object: row.object as string | null,
    feature: row.feature as string | null,
    status: row.status as number | null,
    ip: row.ip_text as string | null,
    userAgent: row.user_agent as string | null,
    bytes: row.bytes as number | null,
    latencyMs: row.latency_ms as number | null,
    tokens: row.tokens as number | null,
    costUsd: row.cost_usd as number | null,
    model: row.model as string | null,
    requestId: row.request_id as string | null,
  };
}
