import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { anyOf } from './keys.js';

/** What stands in the way of rotating a key, and what its policy says about the old one. */
export interface RotationPreview {
  readonly keyId: string;
  readonly name: string;
  readonly version: number;
  readonly status: string;
  /** `already replaced by key_…`, `rot_… is under way`, `key_… of its family is still in its grace`; null when nothing does. */
  readonly obstacle: string | null;
  /** Seconds of grace that the policy gives; null: the old key is kept until the next rotation. */
  readonly policyGraceSeconds: number | null;
}

/** What would meet these keys' rotation now, in the order of their ids. */
export async function rotationPreviews(
  db: Executor,
  keyIds: readonly string[],
): Promise<readonly RotationPreview[]> {
  const rows = await db.execute(sql`
    select k.id, k.name, k.version, k.status,
      case when p.keep_previous then null else coalesce(p.grace_seconds, 86400) end::int as grace,
      case
        when k.replaced_by is not null then 'already replaced by ' || k.replaced_by
        when k.status = 'replaced' then 'already replaced'
        when k.status = 'pending' then 'it never was usable'
        when open.rotation_id is not null and open.state = 'pending' then open.rotation_id || ' is under way'
        when open.rotation_id is not null and open.grace_ends_at is not null
          then open.old_key_id || ' of its family is still in its grace (--force ends it)'
      end as obstacle
    from keyctl.keys k
    cross join lateral keyctl.policy_for(k.policy, k.environment) p
    left join lateral (
      select l.rotation_id, l.state, l.old_key_id, l.grace_ends_at from keyctl.rotation_list l
      where l.family_id = k.family_id and l.state in ('pending', 'open') order by l.state desc limit 1
    ) open on true
    where k.id = ${anyOf(keyIds)} order by k.id`);
  return rows.map((row) => ({
    keyId: String(row.id),
    name: String(row.name),
    version: Number(row.version),
    status: String(row.status),
    obstacle: row.obstacle as string | null,
    policyGraceSeconds: row.grace === null ? null : Number(row.grace),
  }));
}
