import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';
import { anyOf, type KeyRow, selectKeys } from './keys.js';

/** An address that presented the keys of an incident and was never let in with their families in the month before. */
interface Stranger {
  readonly ip: string;
  readonly requests: number;
  readonly accepted: number;
  readonly bytes: number;
}

/** Another key that was seen from one of these addresses: it may be in the same hands. */
interface OtherKey {
  readonly keyId: string;
  readonly name: string | null;
  readonly requests: number;
  readonly accepted: number;
  readonly ips: number;
}

export interface Strangers {
  /** Most requests first, at most fifty. */
  readonly ips: readonly Stranger[];
  readonly ipCount: number;
  /** At most fifty. */
  readonly keys: readonly OtherKey[];
}

const listed = 50;

/**
 * New addresses of some keys since a moment, and the other keys seen from them. One walk over the events of the time: it is
 * a matter of hours or days, and an index on addresses would cost every ingest.
 */
export async function strangers(
  db: Executor,
  asked: { readonly keyIds: readonly string[]; readonly since: string },
): Promise<Strangers> {
  const { keyIds, since } = asked;
  const rows = await db.execute(sql`
    with families as (
      select array_agg(f.id) as ids from keyctl.keys k join keyctl.keys f on f.family_id = k.family_id
      where k.id = any (${arrayLiteral(keyIds)}::text[])
    ), known as materialized (
      select distinct u.ip_text from keyctl.usage_events u, families f
      where u.key_id = any (f.ids) and u.ts < ${since}::timestamptz
        and u.ts >= ${since}::timestamptz - interval '30 days' and (u.status is null or u.status < 400)
    ), seen as materialized (
      select ip_text, count(*) as requests, count(*) filter (where status is null or status < 400) as accepted,
        coalesce(sum(bytes), 0) as bytes
      from keyctl.usage_events
      where key_id = any (${arrayLiteral(keyIds)}::text[]) and ts >= ${since}::timestamptz and ip_text is not null
      group by ip_text
    ), new_ips as materialized (
      select s.* from seen s where not exists (select from known k where k.ip_text = s.ip_text)
    ), others as (
      select u.key_id, count(*) as requests, count(*) filter (where u.status is null or u.status < 400) as accepted,
        count(distinct u.ip_text) as ips
      from keyctl.usage_events u
      where u.ts >= ${since}::timestamptz and u.ip_text in (select ip_text from new_ips)
        and u.key_id <> all (${arrayLiteral(keyIds)}::text[])
      group by u.key_id
    )
    select (select count(*)::int from new_ips) as ip_count,
      (select coalesce(jsonb_agg(to_jsonb(i)), '[]') from (
        select ip_text as ip, requests, accepted, bytes from new_ips order by requests desc, ip_text limit ${listed}::int) i) as ips,
      (select coalesce(jsonb_agg(to_jsonb(o)), '[]') from (
        select o.key_id, k.name, o.requests, o.accepted, o.ips from others o left join keyctl.keys k on k.id = o.key_id
        order by o.accepted desc, o.requests desc, o.key_id limit ${listed}::int) o) as keys`);
  const row = rows[0] ?? {};
  const ips = (row.ips ?? []) as readonly Stranger[];
  const keys = (row.keys ?? []) as readonly (Omit<OtherKey, 'keyId'> & { readonly key_id: string })[];
  return {
    ips,
    ipCount: Number(row.ip_count ?? 0),
    keys: keys.map(({ key_id: keyId, ...rest }) => ({ keyId, ...rest })),
  };
}

/** Every key of some people, dead ones too. */
export function keysOfOwnerIds(db: Executor, ownerIds: readonly string[]): Promise<KeyRow[]> {
  return selectKeys(db, sql`k.owner_id = ${anyOf(ownerIds)}`);
}
