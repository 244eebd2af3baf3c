import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { usageConditions } from './usage-filter.js';

/** Requests of the keys of an incident, in parts of its time, and by who sent them and to what. */
export interface IncidentUsage {
  readonly total: UsageCount;
  /** Parts with events in them, oldest first. */
  readonly parts: readonly (UsageCount & { readonly at: string })[];
  /** The busiest first. */
  readonly ips: TopOf;
  readonly endpoints: TopOf;
  readonly agents: TopOf;
}

export interface UsageCount {
  readonly requests: number;
  /** Status 400 and over. */
  readonly errors: number;
  /** 401 and 403 of these. */
  readonly refused: number;
  /** At the detection or later, of all requests. */
  readonly sinceDetection: number;
  readonly bytes: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
}

interface TopOf {
  readonly distinct: number;
  readonly top: readonly (UsageCount & { readonly value: string | null })[];
}

export interface IncidentUsageAsked {
  readonly keyIds: readonly string[];
  readonly since: string;
  readonly until: string;
  readonly detectedAt: string;
  /** Length of a part. */
  readonly stepSeconds: number;
  /** How many of each kind are listed. */
  readonly listed: number;
}

/** Straight from the events, in one walk: the late ones and the open hour are in it. */
export async function incidentUsage(db: Executor, asked: IncidentUsageAsked): Promise<IncidentUsage> {
  const { keyIds, since, until, detectedAt, stepSeconds, listed } = asked;
  const where = usageConditions({ keyIds, since, until, keyVersion: null });
  const rows = await db.execute(sql`
    with counted as (
      select grouping(part, ip_text, endpoint, user_agent) as what, part, coalesce(ip_text, endpoint, user_agent) as value,
        count(*) as requests, count(*) filter (where status >= 400) as errors, count(*) filter (where status in (401, 403)) as refused,
        count(*) filter (where ts >= ${detectedAt}::timestamptz) as since_detection, coalesce(sum(bytes), 0) as bytes,
        min(ts) as first_at, max(ts) as last_at
      from (
        select date_bin(make_interval(secs => ${stepSeconds}::double precision), ts, '1970-01-01T00:00:00Z') as part, ip_text, endpoint,
          user_agent, ts, status, bytes
        from keyctl.usage_events where ${where}) e
      group by grouping sets ((), (part), (ip_text), (endpoint), (user_agent))
    ), ranked as (
      select *, row_number() over (partition by what order by requests desc, value) as rank,
        count(*) over (partition by what) as distinct_values
      from counted
    )
    select what, part::text, value, requests::float8, errors::float8, refused::float8, since_detection::float8, bytes::float8,
      first_at::text, last_at::text, distinct_values::float8
    from ranked where what in (${everything}, ${byPart}) or rank <= ${listed}::int
    order by what, part, rank`);
  const of = (what: number) => rows.filter((row) => Number(row.what) === what);
  const [total] = of(everything);
  return {
    total: countOf(total ?? {}),
    parts: of(byPart).map((row) => ({ ...countOf(row), at: String(row.part) })),
    ips: topOf(of(byIp)),
    endpoints: topOf(of(byEndpoint)),
    agents: topOf(of(byAgent)),
  };
}

/** What `grouping()` answers: a bit for each column that a row is not grouped by, the first column's the highest. */
const everything = 0b1111;
const byPart = 0b0111;
const byIp = 0b1011;
const byEndpoint = 0b1101;
const byAgent = 0b1110;

function topOf(rows: readonly Record<string, unknown>[]): TopOf {
  return {
    distinct: Number(rows[0]?.distinct_values ?? 0),
    top: rows.map((row) => ({ ...countOf(row), value: row.value as string | null })),
  };
}

function countOf(row: Record<string, unknown>): UsageCount {
  const number = (name: string) => Number(row[name] ?? 0);
  return {
    requests: number('requests'),
    errors: number('errors'),
    refused: number('refused'),
    sinceDetection: number('since_detection'),
    bytes: number('bytes'),
    firstAt: (row.first_at as string | null | undefined) ?? null,
    lastAt: (row.last_at as string | null | undefined) ?? null,
  };
}
