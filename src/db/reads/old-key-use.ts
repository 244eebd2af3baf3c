import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { accepted } from './rotations.js';

/** Requests with an old key that have address, agent and endpoint in common; null for what they do not say. */
export interface OldKeyUse {
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly endpoint: string | null;
  readonly requests: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

export interface OldKeyUses {
  /** Seen last first, as many as were asked for. */
  readonly groups: readonly OldKeyUse[];
  readonly groupCount: number;
  readonly requests: number;
}

const iso = (value: unknown) => sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * Who presents an old key since a moment, and whether it was let in or refused.
 * @param input.since as the database writes times: a parameter of its own, so that older weeks are not opened
 */
export async function oldKeyUses(
  db: Executor,
  input: {
    readonly keyId: string;
    readonly since: string;
    readonly which: 'accepted' | 'refused';
    readonly limit: number;
  },
): Promise<OldKeyUses> {
  const { keyId, since, which, limit } = input;
  const rows = await db.execute(sql`
    with grouped as (
      select u.ip_text, u.user_agent, u.endpoint, count(*) as requests, min(u.ts) as first_at, max(u.ts) as last_at
      from keyctl.usage_events u
      where u.key_id = ${keyId} and u.ts >= ${since}::timestamptz and u.ts <= statement_timestamp()
        and ${which === 'accepted' ? accepted : sql`not ${accepted}`}
      group by 1, 2, 3
    )
    select ip_text, user_agent, endpoint, requests::float8 as requests, ${iso(sql`first_at`)} as first_at,
      ${iso(sql`last_at`)} as last_at, (select count(*)::float8 from grouped) as group_count,
      (select sum(requests)::float8 from grouped) as all_requests
    from grouped g order by g.last_at desc, g.requests desc limit ${limit}::int`);
  return {
    groups: rows.map((row) => ({
      ip: row.ip_text as string | null,
      userAgent: row.user_agent as string | null,
      endpoint: row.endpoint as string | null,
      requests: Number(row.requests),
      firstAt: String(row.first_at),
      lastAt: String(row.last_at),
    })),
    groupCount: Number(rows[0]?.group_count ?? 0),
    requests: Number(rows[0]?.all_requests ?? 0),
  };
}

/** When a key was first let in, as far as the log goes; null when never. */
export async function firstAccepted(db: Executor, keyId: string): Promise<string | null> {
  const rows = await db.execute(sql`
    select ${iso(sql`min(u.ts)`)} as at from keyctl.usage_events u where u.key_id = ${keyId} and ${accepted}`);
  return (rows[0]?.at as string | null | undefined) ?? null;
}
