import { type SQL, sql } from 'drizzle-orm';
import { type CopyField, copyRows } from '../../domain/copy-text.js';
import type { Activity, StrayActivity } from '../../domain/detect/activity.js';
import { programOf } from '../../domain/detect/scanner-names.js';
import { arrayLiteral } from '../wire-types.js';

/** Of which events: those of a time, and of some families only; null: of all. Milliseconds since 1970. */
export interface ActivityFilter {
  readonly since: number;
  readonly until: number;
  readonly families?: readonly string[] | null;
}

/** A family's activity, or an attempt with a name that is no key. */
export type Use =
  | { readonly familyId: string; readonly activity: Activity; readonly stray: null }
  | { readonly familyId: null; readonly activity: null; readonly stray: StrayActivity };

const at = (milliseconds: number) => sql`${new Date(milliseconds).toISOString()}::timestamptz`;
const within = ({ since, until }: ActivityFilter) => sql`ts >= ${at(since)} and ts < ${at(until)}`;
/** Rounded down: a query that begins with the first event must not begin after it. */
const ms = (value: SQL) => sql`floor(extract(epoch from ${value}) * 1000)::bigint`;
const tick = sql`date_bin('5 minutes', ts, 'epoch')`;

/** Events as detectors look at them: five minutes that share key, address, agent and endpoint. In the order of families, then of time. */
export function activityQuery(filter: ActivityFilter): SQL {
  const { families } = filter;
  const keys =
    families == null
      ? sql``
      : sql` and key_id in (select id from keyctl.api_keys where family_id = any (${arrayLiteral(families)}::text[]))`;
  return sql`${activityRows(filter, keys)} order by 1, 2`;
}

function activityRows(filter: ActivityFilter, which: SQL): SQL {
  return sql`
    select k.family_id, ${ms(sql`a.at`)}, a.key_id, a.ip_text, a.user_agent, a.endpoint, a.requests, a.ok, a.unauthorized, a.forbidden,
      a.not_found, a.limited, a.failed, a.bytes, a.cost_usd, a.objects, ${ms(sql`a.first_at`)}, ${ms(sql`a.last_at`)},
      ${ms(sql`a.first_ok_at`)}
    from (
      select ${tick} as at, key_id, ip_text, user_agent, endpoint, count(*) as requests,
        count(*) filter (where status is null or status < 400) as ok, count(*) filter (where status = 401) as unauthorized,
        count(*) filter (where status = 403) as forbidden, count(*) filter (where status = 404) as not_found,
        count(*) filter (where status = 429) as limited, count(*) filter (where status >= 500) as failed,
        coalesce(sum(bytes), 0) as bytes, coalesce(sum(cost_usd), 0) as cost_usd, count(distinct object) as objects,
        min(ts) as first_at, max(ts) as last_at, min(ts) filter (where status is null or status < 400) as first_ok_at
      from keyctl.usage_events where ${within(filter)}${which}
      group by 1, 2, 3, 4, 5
    ) a join keyctl.api_keys k on k.id = a.key_id`;
}

/**
 * What addresses did over all keys, in the order of time, with their attempts with names that are no keys: those have no family, and
 * the name in place of a key. Only of addresses that were refused or tried such names in this time.
 */
export function addressQuery(filter: ActivityFilter): SQL {
  const suspicious = sql` and ip_text in (
      select ip_text from keyctl.usage_events where ${within(filter)} and status in (401, 403)
      union select ip_text from keyctl.stray_events where ${within(filter)})`;
  return sql`
    ${activityRows(filter, suspicious)}
    union all
    select null, ${ms(tick)}, presented, ip_text, null, null, count(*), count(*) filter (where status is null or status < 400),
      0, 0, 0, 0, 0, 0, 0, 0, ${ms(sql`min(ts)`)}, ${ms(sql`max(ts)`)}, null
    from keyctl.stray_events where ${within(filter)} group by ${tick}, presented, ip_text
    order by 2`;
}

/** By place, and written out in one piece: there are a million of them a minute, and names or parts would cost a third of it. */
export function usesOf(rows: Buffer): readonly Use[] {
  return copyRows(rows.toString('utf8')).map((row): Use => {
    const familyId = row[0] ?? null;
    return familyId === null
      ? { familyId, activity: null, stray: strayOf(row) }
      : { familyId, activity: activityOf(row), stray: null };
  });
}

function activityOf(row: readonly CopyField[]): Activity {
  return {
    at: Number(row[1]),
    keyId: row[2] ?? '',
    ip: row[3] ?? null,
    agent: productOf(row[4] ?? null),
    endpoint: row[5] ?? null,
    requests: Number(row[6]),
    ok: Number(row[7]),
    unauthorized: Number(row[8]),
    forbidden: Number(row[9]),
    notFound: Number(row[10]),
    limited: Number(row[11]),
    failed: Number(row[12]),
    bytes: Number(row[13]),
    costUsd: Number(row[14]),
    objects: Number(row[15]),
    firstAt: Number(row[16]),
    lastAt: Number(row[17]),
    firstOkAt: row[18] == null ? null : Number(row[18]),
  };
}

function strayOf(row: readonly CopyField[]): StrayActivity {
  return {
    at: Number(row[1]),
    ip: row[3] ?? null,
    presented: row[2] ?? '',
    requests: Number(row[6]),
    ok: Number(row[7]),
    firstAt: Number(row[16]),
    lastAt: Number(row[17]),
  };
}

const products = new Map<string, string | null>();

/** Of each different agent once: a log has few, and a pattern for each row would cost as much as all the rest. */
function productOf(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  const known = products.get(userAgent);
  if (known !== undefined) return known;
  if (products.size > 10_000) products.clear();
  const product = programOf(userAgent);
  products.set(userAgent, product);
  return product;
}
