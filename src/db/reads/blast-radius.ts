import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

export interface Counted {
  readonly value: string;
  readonly requests: number;
}

export interface UsageWindow {
  readonly requests: number;
  readonly accepted: number;
  readonly distinctIps: number;
  readonly endpoints: readonly Counted[];
  /** Whole user agent texts; products are taken from them by whoever shows them. */
  readonly agents: readonly Counted[];
}

export interface RecentUse {
  readonly hour: UsageWindow;
  readonly day: UsageWindow;
  /** Addresses of the last hour that were not seen in the 23 hours before. */
  readonly newIps: number;
  /** The newest event of any key: how far the log has been brought in. */
  readonly eventsAsOf: string | null;
}

/** What a key was used for in the last hour and day, by the database's clock: what revoking it would break. */
export async function recentUse(db: Executor, keyId: string): Promise<RecentUse> {
  const rows = await db.execute(sql`
    with recent as materialized (
      select ts >= statement_timestamp() - interval '1 hour' as in_hour, status, ip_text, endpoint, user_agent
      from keyctl.usage_events
      where key_id = ${keyId} and ts >= statement_timestamp() - interval '1 day' and ts <= statement_timestamp()
    ), windows as (
      select 'hour' as name, r.* from recent r where in_hour
      union all
      select 'day', r.* from recent r
    ), totals as (
      select name, count(*) as requests, count(*) filter (where status is null or status < 400) as accepted,
        count(distinct ip_text) as distinct_ips
      from windows group by name
    )
    select t.name, t.requests::int, t.accepted::int, t.distinct_ips::int,
      (select count(*)::int from (select from recent group by ip_text having bool_and(in_hour)) n) as new_ips,
      (select coalesce(jsonb_agg(e order by e.requests desc, e.value), '[]') from (
        select coalesce(endpoint, '') as value, count(*) as requests from windows w where w.name = t.name
        group by 1 order by 2 desc limit 5) e) as endpoints,
      (select coalesce(jsonb_agg(a order by a.requests desc, a.value), '[]') from (
        select coalesce(user_agent, '') as value, count(*) as requests from windows w where w.name = t.name
        group by 1 order by 2 desc limit 20) a) as agents
    from totals t`);
  const newest = await db.execute(sql`
    select to_char(max(ts) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as as_of
    from keyctl.usage_events where ts <= statement_timestamp()`);
  const windowOf = (name: string): UsageWindow => {
    const row = rows.find((candidate) => candidate.name === name);
    return {
      requests: Number(row?.requests ?? 0),
      accepted: Number(row?.accepted ?? 0),
      distinctIps: Number(row?.distinct_ips ?? 0),
      endpoints: (row?.endpoints as Counted[] | undefined) ?? [],
      agents: (row?.agents as Counted[] | undefined) ?? [],
    };
  };
  return {
    hour: windowOf('hour'),
    day: windowOf('day'),
    newIps: Number(rows[0]?.new_ips ?? 0),
    eventsAsOf: (newest[0]?.as_of as string) ?? null,
  };
}
