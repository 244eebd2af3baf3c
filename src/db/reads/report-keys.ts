import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

/** What stands about the keys, now. Counts are of keys; decoys are left out of everything but `byStatus`. */
export interface KeyFacts {
  /** By the status that is true now, `expired` too. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** Created and ended (revoked or replaced) in the window, and in the one of the same length before it. */
  readonly created: number;
  readonly createdBefore: number;
  readonly ended: number;
  readonly endedBefore: number;
  /** Active or retiring, and not used for that long; a key that was never used counts from its activation. */
  readonly stale7Days: number;
  readonly stale30Days: number;
  readonly expiring30Days: number;
  /** Never used since it was activated. */
  readonly neverUsed: number;
  readonly withoutOwner: number;
  readonly exempt: number;
  readonly weak: number;
  readonly rotationsDue: number;
  /** Of these, due for more than a day: `rotate due` runs once a day. */
  readonly rotationsOverdue: number;
  readonly reviewsDue: number;
  readonly ages: KeyAges;
}

/** How old active keys are, by their own activation. */
interface KeyAges {
  readonly medianSeconds: number | null;
  readonly oldestSeconds: number | null;
  /** Keys at least this old and younger than the next; the last one has no end. */
  readonly buckets: readonly { readonly fromDays: number; readonly keys: number }[];
}

export interface Window {
  /** RFC 3339, half-open. */
  readonly since: string;
  readonly until: string;
}

const ageDays = [0, 30, 90, 180, 365];

export async function keyFacts(db: Executor, { since, until }: Window): Promise<KeyFacts> {
  const rows = await db.execute(sql`
    with k as materialized (
      select v.*, statement_timestamp() - coalesce(v.last_used_at, v.activated_at) as idle,
        extract(epoch from statement_timestamp() - v.activated_at) as age_seconds,
        coalesce(v.revoked_at, case when v.status = 'replaced' then v.usable_until end) as ended_at
      from keyctl.keys v
    ), usable as (select * from k where status in ('active', 'retiring') and not decoy),
    w as (select ${since}::timestamptz as since, ${until}::timestamptz as until)
    select
      (select jsonb_object_agg(status, n) from (select status, count(*) as n from k group by 1) s) as by_status,
      (select count(*) from k, w where created_at >= w.since and created_at < w.until) as created,
      (select count(*) from k, w where created_at >= w.since - (w.until - w.since) and created_at < w.since) as created_before,
      (select count(*) from k, w where ended_at >= w.since and ended_at < w.until) as ended,
      (select count(*) from k, w where ended_at >= w.since - (w.until - w.since) and ended_at < w.since) as ended_before,
      (select count(*) from usable where idle >= interval '7 days') as stale_7,
      (select count(*) from usable where idle >= interval '30 days') as stale_30,
      (select count(*) from usable where last_used_at is null) as never_used,
      (select count(*) from usable where status = 'active' and expires_at < statement_timestamp() + interval '30 days') as expiring_30,
      (select count(*) from usable u where not exists (
        select from keyctl.owners o where o.owner_id = u.owner_id and o.forgotten_at is null)) as without_owner,
      (select count(*) from usable where status = 'active' and exempt_reason is not null) as exempt,
      (select count(*) from usable where status = 'active' and weak) as weak,
      (select count(*) from keyctl.rotation_plan where due_at <= statement_timestamp() and left_out is null) as rotations_due,
      (select count(*) from keyctl.rotation_plan where due_at < statement_timestamp() - interval '1 day' and left_out is null)
        as rotations_overdue,
      (select count(*) from keyctl.review_plan where due_at <= statement_timestamp()) as reviews_due,
      (select percentile_cont(0.5) within group (order by age_seconds) from usable where status = 'active') as median_age,
      (select max(age_seconds)::float8 from usable where status = 'active') as oldest,
      (select jsonb_agg(coalesce(n, 0) order by b) from generate_series(1, ${ageDays.length}::int) b left join (
        select width_bucket(age_seconds::float8 / 86400, ${`{${ageDays.join(',')}}`}::float8[]) as b, count(*) as n
        from usable where status = 'active' group by 1) a using (b)) as buckets`);
  return factsOf(rows[0] ?? {});
}

function factsOf(row: Record<string, unknown>): KeyFacts {
  const buckets = (row.buckets ?? []) as number[];
  return {
    byStatus: (row.by_status ?? {}) as Record<string, number>,
    created: Number(row.created),
    createdBefore: Number(row.created_before),
    ended: Number(row.ended),
    endedBefore: Number(row.ended_before),
    stale7Days: Number(row.stale_7),
    stale30Days: Number(row.stale_30),
    expiring30Days: Number(row.expiring_30),
    neverUsed: Number(row.never_used),
    withoutOwner: Number(row.without_owner),
    exempt: Number(row.exempt),
    weak: Number(row.weak),
    rotationsDue: Number(row.rotations_due),
    rotationsOverdue: Number(row.rotations_overdue),
    reviewsDue: Number(row.reviews_due),
    ages: {
      medianSeconds: row.median_age === null ? null : Math.round(Number(row.median_age)),
      oldestSeconds: row.oldest === null ? null : Math.round(Number(row.oldest)),
      buckets: ageDays.map((fromDays, at) => ({ fromDays, keys: buckets[at] ?? 0 })),
    },
  };
}
