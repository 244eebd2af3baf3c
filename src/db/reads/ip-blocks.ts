import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

export interface IpBlock {
  readonly cidr: string;
  readonly reason: string;
  readonly blockedAt: string;
  readonly blockedBy: string;
  readonly blockedUntil: string | null;
}

async function blocksWhere(db: Executor, where: SQL): Promise<IpBlock[]> {
  const rows = await db.execute(sql`
    select host(cidr) || '/' || masklen(cidr) as cidr, reason, blocked_by, to_jsonb(blocked_at) #>> '{}' as blocked_at,
      to_jsonb(blocked_until) #>> '{}' as blocked_until
    from keyctl.ip_blocks where ${where} order by keyctl.ip_blocks.blocked_at desc, keyctl.ip_blocks.cidr`);
  return rows.map((row) => ({
    cidr: String(row.cidr),
    reason: String(row.reason),
    blockedAt: String(row.blocked_at),
    blockedBy: String(row.blocked_by),
    blockedUntil: row.blocked_until as string | null,
  }));
}

const standsAt = (at: SQL) => sql`blocked_at <= ${at} and (blocked_until is null or ${at} < blocked_until)
  and (unblocked_at is null or ${at} < unblocked_at)`;

/** The blocks that stand now, newest first. */
export function openBlocks(db: Executor): Promise<IpBlock[]> {
  return blocksWhere(db, standsAt(sql`statement_timestamp()`));
}

/** The blocks that hit this address at that moment. */
export function blocksOf(db: Executor, ip: string, at: string): Promise<IpBlock[]> {
  return blocksWhere(db, sql`keyctl.plain_ip(${ip}::inet) <<= cidr and ${standsAt(sql`${at}::timestamptz`)}`);
}

interface NetworkUser {
  readonly keyId: string;
  readonly name: string | null;
  readonly requests: number;
  readonly accepted: number;
}

export interface NetworkUse {
  readonly requests: number;
  readonly accepted: number;
  readonly keys: number;
  /** Those with the most accepted requests. */
  readonly users: readonly NetworkUser[];
}

/** Which keys came from a network in the last 24 hours: what blocking it would break. No index leads there. */
export async function networkUse(db: Executor, cidr: string): Promise<NetworkUse> {
  const rows = await db.execute(sql`
    with users as materialized (
      select key_id, count(*) as requests, count(*) filter (where status is null or status < 400) as accepted
      from keyctl.usage_events
      where ts >= statement_timestamp() - interval '1 day' and ts <= statement_timestamp() and ip <<= ${cidr}::inet
      group by 1
    )
    select coalesce(sum(requests), 0)::float8 as requests, coalesce(sum(accepted), 0)::float8 as accepted, count(*)::int as keys,
      (select coalesce(jsonb_agg(jsonb_build_object('keyId', t.key_id, 'name', k.name, 'requests', t.requests, 'accepted', t.accepted)
         order by t.accepted desc, t.requests desc, t.key_id), '[]')
       from (select * from users order by accepted desc, requests desc, key_id limit 5) t
       left join keyctl.keys k on k.id = t.key_id) as users
    from users`);
  const row = rows[0] ?? {};
  return {
    requests: Number(row.requests),
    accepted: Number(row.accepted),
    keys: Number(row.keys),
    users: row.users as NetworkUser[],
  };
}
