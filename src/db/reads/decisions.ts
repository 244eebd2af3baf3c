import { sql } from 'drizzle-orm';
import type { Decision } from '../../domain/decision.js';
import type { Executor } from '../kernel.js';
import type { Circumstances } from '../kernel-decisions.js';

export interface DecisionAt {
  readonly at: string;
  readonly status: string;
  readonly decision: Decision;
}

/**
 * The kernel's decision at the moment asked about (now by the database's clock, if none), and at every later moment at
 * which something of this key is due to begin or end by itself, in order. Nothing here knows what counts when: it asks
 * `decide` and `status_at`.
 */
export async function decisionsFrom(
  db: Executor,
  keyId: string,
  request: Circumstances,
): Promise<readonly DecisionAt[]> {
  const { at = null, ip = null, scope = null, workspace = null, model = null, feature = null } = request;
  const rows = await db.execute(sql`
    with asked as materialized (
      select coalesce(${at}::timestamptz, clock_timestamp()) as at, keyctl.plain_ip(${ip}::inet) as ip
    ), key as materialized (
      select * from keyctl.keys where id = ${keyId}
    ), moments as (
      select at from asked
      union
      select m from asked, key, unnest(array[key.activated_at, key.suspended_at, key.suspended_until, key.replaced_at,
        key.usable_until, key.retire_on, key.expires_at, key.revoked_at]) m where m > asked.at
      union
      select m from asked, keyctl.ip_blocks b, unnest(array[b.blocked_at, b.blocked_until, b.unblocked_at]) m
      where asked.ip <<= b.cidr and m > asked.at
      union
      -- Budgets and quotas begin anew with the calendar month (UTC).
      select date_trunc('month', asked.at, 'UTC') + interval '1 month' from asked, key
      where num_nonnulls(key.budget_usd, key.quota_requests, key.quota_tokens) > 0
    )
    select to_jsonb(m.at) #>> '{}' as at,
      keyctl.decide(${keyId}, m.at, asked.ip, ${scope}, ${workspace}, ${model}, ${feature}) as decision,
      keyctl.status_at(key.stored_status, key.activated_at, key.suspended_at, key.suspended_from, key.suspended_until,
        key.usable_until, key.retire_on, key.replaced_at, key.replaced_by, key.expires_at, key.revoked_at, m.at) as status
    from moments m, asked, key order by m.at`);
  return rows.map((row) => ({
    at: String(row.at),
    status: String(row.status),
    decision: row.decision as Decision,
  }));
}
