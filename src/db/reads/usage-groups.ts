import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { type Dimension, eventsBy, namedValue, rawValue } from './usage-dimensions.js';
import { type UsageFilter, usageConditions } from './usage-filter.js';

export interface UsageCounts {
  readonly requests: number;
  /** Status 400 and over. */
  readonly errors: number;
  /** Different texts of the address (F21). */
  readonly uniqueIps: number;
  /** Null: no event said. */
  readonly bytes: number | null;
  readonly tokens: number | null;
  readonly costUsd: number | null;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
}

/** What some events have in common; null for those that do not say. */
export interface UsageGroup extends UsageCounts {
  readonly value: string | number | null;
  /** By key: its name. */
  readonly name: string | null;
}

export interface UsageGroups {
  /** Most requests first; hours newest first. */
  readonly groups: readonly UsageGroup[];
  readonly total: UsageCounts;
  /** Of which `groups` are those within the limit. */
  readonly groupCount: number;
}

const iso = (value: SQL) => sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

export interface GroupOptions {
  /** Null for all. */
  readonly limit: number | null;
  /** Without tokens and cost: by endpoint the covering index then answers alone, and no event itself is read (F28). */
  readonly lean: boolean;
}

/**
 * Counts by one dimension: first for each pair of its value and an address, then for the value, so that distinct addresses are
 * counted without sorting every event (0.3-0.5x of count(distinct)). The last row is the total.
 */
export function usageGroupsQuery(filter: UsageFilter, by: Dimension, { limit, lean }: GroupOptions): SQL {
  const extras = lean
    ? sql`null::bigint as tokens, null::numeric as cost_usd`
    : sql`sum(tokens) as tokens, sum(cost_usd) as cost_usd`;
  const counts = sql`sum(requests)::float8 as requests, sum(errors)::float8 as errors, sum(bytes)::float8 as bytes,
        sum(tokens)::float8 as tokens, sum(cost_usd)::float8 as cost_usd,
        ${iso(sql`min(first_at)`)} as first_at, ${iso(sql`max(last_at)`)} as last_at`;
  const named = namedValue(by);
  const order = by === 'hour' ? sql`g.value desc` : sql`g.requests desc, g.value`;
  return sql`
    with ${named === null ? sql`pairs` : sql`raw`} as materialized (
      select ${rawValue(by)} as value, ip_text, count(*) as requests, count(*) filter (where status >= 400) as errors,
        sum(bytes) as bytes, ${extras}, min(ts) as first_at, max(ts) as last_at
      from ${eventsBy(by)} where ${usageConditions(filter)} group by 1, 2
    ), ${named === null ? sql`` : pairsByName(named)} grouped as (
      select value, ${counts}, count(ip_text)::float8 as unique_ips from pairs group by value
    )
    (select false as is_total, ${by === 'hour' ? iso(sql`g.value`) : sql`g.value`} as value, g.requests, g.errors, g.bytes,
       g.tokens, g.cost_usd, g.first_at, g.last_at, g.unique_ips, null::float8 as group_count,
       ${by === 'key' ? sql`(select k.name from keyctl.api_keys k where k.id = g.value)` : sql`null::text`} as name
     from grouped g order by ${order} limit ${limit}::bigint)
    union all
    select true, null, ${counts}, count(distinct ip_text)::float8,
      (select count(*)::float8 from (select distinct value from pairs) v), null
    from pairs`;
}

/** Pairs again, by what their values are called. */
function pairsByName(named: SQL): SQL {
  return sql`pairs as materialized (
      select ${named} as value, ip_text, sum(requests) as requests, sum(errors) as errors, sum(bytes) as bytes,
        sum(tokens) as tokens, sum(cost_usd) as cost_usd, min(first_at) as first_at, max(last_at) as last_at
      from raw group by 1, 2
    ),`;
}

export async function usageGroups(
  db: Executor,
  filter: UsageFilter,
  by: Dimension,
  options: GroupOptions,
): Promise<UsageGroups> {
  const rows = Array.from(await db.execute(usageGroupsQuery(filter, by, options)));
  const total = rows.find((row) => row.is_total === true) ?? {};
  return {
    groups: rows
      .filter((row) => row.is_total !== true)
      .map((row) => ({
        value: row.value as string | number | null,
        name: (row.name as string | null | undefined) ?? null,
        ...countsOf(row),
      })),
    total: countsOf(total),
    groupCount: Number(total.group_count ?? 0),
  };
}

function countsOf(row: Record<string, unknown>): UsageCounts {
  return {
    requests: Number(row.requests ?? 0),
    errors: Number(row.errors ?? 0),
    uniqueIps: Number(row.unique_ips ?? 0),
    bytes: (row.bytes as number | null | undefined) ?? null,
    tokens: (row.tokens as number | null | undefined) ?? null,
    costUsd: (row.cost_usd as number | null | undefined) ?? null,
    firstAt: (row.first_at as string | null | undefined) ?? null,
    lastAt: (row.last_at as string | null | undefined) ?? null,
  };
}
