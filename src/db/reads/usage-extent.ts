import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';
import { ofThisKey } from './usage-filter.js';

const always = { since: null, until: null };
const iso = (value: SQL) => sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * How far the log has been brought in: the newest event of any key up to now; null when there is none.
 * @param recent looked at first, and as a rule enough: the weeks before it are not even opened then
 */
export async function eventsAsOf(db: Executor, recent: Date): Promise<string | null> {
  const newest = async (from: SQL): Promise<string | null> => {
    const rows = await db.execute(
      sql`select ${iso(sql`max(ts)`)} as as_of from keyctl.usage_events where ts <= statement_timestamp() ${from}`,
    );
    return (rows[0]?.as_of as string | null | undefined) ?? null;
  };
  return (await newest(sql`and ts >= ${recent.toISOString()}::timestamptz`)) ?? (await newest(sql``));
}

/** From when to when events of these keys (null: of all) are there; null when there are none. */
export interface UsageExtent {
  readonly firstAt: string;
  readonly lastAt: string;
}

export async function usageExtent(
  db: Executor,
  keyIds: readonly string[] | null,
): Promise<UsageExtent | null> {
  const end = (order: SQL) =>
    sql`(select ts from keyctl.usage_events where ${ofThisKey(always)} order by key_id ${order}, ts ${order} limit 1)`;
  const rows = await db.execute(
    keyIds === null
      ? sql`select ${iso(sql`min(ts)`)} as first_at, ${iso(sql`max(ts)`)} as last_at from keyctl.usage_events`
      : sql`select ${iso(sql`min(${end(sql`asc`)})`)} as first_at, ${iso(sql`max(${end(sql`desc`)})`)} as last_at
          from unnest(${arrayLiteral(keyIds)}::text[]) as k (wanted)`,
  );
  const { first_at: firstAt, last_at: lastAt } = rows[0] ?? {};
  return typeof firstAt === 'string' && typeof lastAt === 'string' ? { firstAt, lastAt } : null;
}
