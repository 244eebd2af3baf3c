import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

/** What a policy or environment asks of its keys, and how they stand to it; spans that are null ask nothing. */
export interface Policy {
  readonly name: string;
  readonly appliesTo: 'policy' | 'environment';
  readonly rotateEverySeconds: number | null;
  readonly graceSeconds: number | null;
  readonly keepPrevious: boolean | null;
  readonly reviewEverySeconds: number | null;
  readonly expiresWithinSeconds: number | null;
  readonly setAt: string;
  readonly setBy: string;
  /** Living keys that follow it; a key can follow a policy and an environment. */
  readonly keys: number;
  /** Of these: due for rotation; due, but left out (exempt, a decoy, …); due for a review. */
  readonly rotationsDue: number;
  readonly leftOut: number;
  readonly reviewsDue: number;
}

/** All of them, policies first; keys that name neither a policy nor an environment follow `standard`. */
export async function policies(db: Executor): Promise<readonly Policy[]> {
  const rows = await db.execute(sql`
    with followed as (
      select coalesce(k.policy, case when k.environment is null then 'standard' end) as policy, k.environment,
        r.due_at <= statement_timestamp() as due, r.left_out is not null as left_out,
        v.due_at <= statement_timestamp() as review_due
      from keyctl.keys k
      left join keyctl.rotation_plan r on r.key_id = k.id
      left join keyctl.review_plan v on v.key_id = k.id
      where k.status in ('active', 'suspended', 'retiring')
    ), counted as (
      select n.name, n.applies_to, count(*) as keys, count(*) filter (where due and not left_out) as due,
        count(*) filter (where due and left_out) as left_out, count(*) filter (where review_due) as review_due
      from followed f cross join lateral (values (f.policy, 'policy'), (f.environment, 'environment')) n (name, applies_to)
      where n.name is not null group by 1, 2
    )
    select p.name, p.applies_to, p.rotate_every_seconds::float8, p.grace_seconds::float8, p.keep_previous,
      p.review_every_seconds::float8, p.expires_within_seconds::float8, to_jsonb(p.set_at) #>> '{}' as set_at, p.set_by,
      coalesce(c.keys, 0)::int as keys, coalesce(c.due, 0)::int as due, coalesce(c.left_out, 0)::int as left_out,
      coalesce(c.review_due, 0)::int as review_due
    from keyctl.policies p left join counted c using (name, applies_to)
    order by p.applies_to desc, p.rotate_every_seconds nulls last, p.name`);
  const span = (value: unknown) => (typeof value === 'number' ? value : null);
  return Array.from(rows, (row) => ({
    name: String(row.name),
    appliesTo: row.applies_to === 'environment' ? 'environment' : 'policy',
    rotateEverySeconds: span(row.rotate_every_seconds),
    graceSeconds: span(row.grace_seconds),
    keepPrevious: typeof row.keep_previous === 'boolean' ? row.keep_previous : null,
    reviewEverySeconds: span(row.review_every_seconds),
    expiresWithinSeconds: span(row.expires_within_seconds),
    setAt: String(row.set_at),
    setBy: String(row.set_by),
    keys: Number(row.keys),
    rotationsDue: Number(row.due),
    leftOut: Number(row.left_out),
    reviewsDue: Number(row.review_due),
  }));
}
