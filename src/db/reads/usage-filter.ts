import { type SQL, sql } from 'drizzle-orm';
import { arrayLiteral } from '../wire-types.js';

/** Which events: of these keys (null: of all), in a half-open window of RFC 3339 times. */
export interface UsageFilter {
  readonly keyIds: readonly string[] | null;
  readonly since: string | null;
  readonly until: string | null;
  readonly keyVersion: number | null;
}

/**
 * The window as conditions on `ts`. Times travel as parameters of their own type, never as `now() - interval`: only so the planner
 * leaves out the weeks outside before it opens them, 1 ms instead of 10 in a new session (61 weeks).
 */
export function windowConditions({ since, until, keyVersion }: UsageFilter): SQL[] {
  const conditions: SQL[] = [];
  if (since !== null) conditions.push(sql`ts >= ${since}::timestamptz`);
  if (until !== null) conditions.push(sql`ts < ${until}::timestamptz`);
  if (keyVersion !== null) conditions.push(sql`key_version = ${keyVersion}::int`);
  return conditions;
}

/** Window and keys; `true` when everything is meant. */
export function usageConditions(filter: UsageFilter): SQL {
  const conditions = windowConditions(filter);
  const { keyIds } = filter;
  if (keyIds?.length === 1) conditions.push(sql`key_id = ${keyIds[0]}`);
  else if (keyIds !== null) conditions.push(sql`key_id = any (${arrayLiteral(keyIds)}::text[])`);
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}

/**
 * The events of the key `k.wanted`, for queries that then take the first rows in the order (key_id, ts). Rows are compared, not columns:
 * with an equation the planner may walk the index on time instead and look for the key there, through weeks of others'
 * events when the key went silent.
 */
export function ofThisKey({ since, until }: Pick<UsageFilter, 'since' | 'until'>): SQL {
  const from = since === null ? sql`'-infinity'` : sql`${since}`;
  const to = until === null ? sql`'infinity'` : sql`${until}`;
  return sql`(key_id, ts) >= (k.wanted, ${from}::timestamptz) and (key_id, ts) <= (k.wanted, ${to}::timestamptz)`;
}
