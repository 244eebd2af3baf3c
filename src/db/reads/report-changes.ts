import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import type { Window } from './report-keys.js';

/** What was done to keys in a window. */
export interface ChangeFacts {
  /** Rows of the audit log by action. */
  readonly byAction: Readonly<Record<string, number>>;
  /** Changes that somebody gave a reason for, and how many of these name no ticket. */
  readonly withReason: number;
  readonly withoutTicket: number;
  /** Different database roles, and keyctl's own, that changed something. */
  readonly actors: number;
}

export async function changeFacts(db: Executor, { since, until }: Window): Promise<ChangeFacts> {
  const rows = await db.execute(sql`
    with a as materialized (
      select action, actor_db, reason is not null as reasoned,
        coalesce(nullif(substring(record from '"ticket" ?: ?("[^"]*"|null)'), 'null'), '""') = '""' as ticketless
      from keyctl.audit_log where at >= ${since}::timestamptz and at < ${until}::timestamptz
    )
    select (select jsonb_object_agg(action, n) from (select action, count(*) as n from a group by 1) g) as by_action,
      count(*) filter (where reasoned) as reasoned, count(*) filter (where reasoned and ticketless) as ticketless,
      count(distinct actor_db) as actors
    from a`);
  const row = rows[0] ?? {};
  return {
    byAction: (row.by_action ?? {}) as Record<string, number>,
    withReason: Number(row.reasoned ?? 0),
    withoutTicket: Number(row.ticketless ?? 0),
    actors: Number(row.actors ?? 0),
  };
}

/** Rotations of keys that had a date, by day of their activation. */
export interface RotationFacts {
  readonly activated: number;
  /** Of keys with a date from their policy: by the day after it, and later. Keys that are overdue now count as late. */
  readonly onTime: number;
  readonly late: number;
  readonly overdue: number;
  readonly byDay: readonly { readonly day: string; readonly onTime: number; readonly late: number }[];
}

/**
 * On time: not later than a day after the date that the policy gives, because `rotate due` runs once a day. The policy is the
 * one that holds now; what it was then stands in the audit log alone. Read from the keys:
 * whatever replaced a key, it was replaced, and what was aborted replaced nothing.
 */
export async function rotationFacts(db: Executor, { since, until }: Window): Promise<RotationFacts> {
  const rows = await db.execute(sql`
    with done as (
      select o.replaced_at as activated_at, o.activated_at + make_interval(secs => p.rotate_every_seconds) as due_at
      from keyctl.keys o cross join lateral keyctl.policy_for(o.policy, o.environment) p
      where o.replaced_by is not null and o.replaced_at >= ${since}::timestamptz and o.replaced_at < ${until}::timestamptz
    ), days as (
      select to_char(activated_at at time zone 'UTC', 'YYYY-MM-DD') as day, count(*) as n,
        count(*) filter (where activated_at <= due_at + interval '1 day') as on_time,
        count(*) filter (where activated_at > due_at + interval '1 day') as late
      from done group by 1
    )
    select day, n::float8 as n, on_time::float8 as on_time, late::float8 as late, null::float8 as overdue from days
    union all
    select null, 0, 0, 0, count(*) from keyctl.rotation_plan
    where left_out is null and due_cause <> 'weak' and due_at + interval '1 day' < statement_timestamp()
    order by day`);
  const days = rows.filter((row) => row.day !== null);
  const sum = (name: string) => days.reduce((total, row) => total + Number(row[name]), 0);
  const overdue = Number(rows.find((row) => row.day === null)?.overdue ?? 0);
  return {
    activated: sum('n'),
    onTime: sum('on_time'),
    late: sum('late') + overdue,
    overdue,
    byDay: days.map((row) => ({
      day: String(row.day),
      onTime: Number(row.on_time),
      late: Number(row.late),
    })),
  };
}

/** A key that was revoked in the window. */
export interface Revocation {
  readonly keyId: string;
  readonly name: string;
  readonly code: string | null;
  readonly reason: string;
  readonly revokedAt: string;
  /** From the first time it was seen exposed (`key.exposed`) until then; null: no detection is recorded. */
  readonly fromDetectionSeconds: number | null;
}

/** Newest first. Drafts that were given up (`abandoned`) and planned ends (`retired`) are no answer to anything. */
export async function revocations(db: Executor, { since, until }: Window): Promise<readonly Revocation[]> {
  const rows = await db.execute(sql`
    select k.id, k.name, k.revocation_code, k.revocation_reason, k.revoked_at::text as revoked_at,
      extract(epoch from k.revoked_at - d.at)::float8 as from_detection
    from keyctl.keys k
    left join lateral (
      select min(a.at) as at from keyctl.audit_log a where a.key_id = k.id and a.action = 'key.exposed' and a.at <= k.revoked_at
    ) d on true
    where k.revoked_at >= ${since}::timestamptz and k.revoked_at < ${until}::timestamptz
      and coalesce(k.revocation_code, '') not in ('abandoned', 'retired')
    order by k.revoked_at desc, k.id`);
  return rows.map((row) => ({
    keyId: String(row.id),
    name: String(row.name),
    code: row.revocation_code as string | null,
    reason: String(row.revocation_reason),
    revokedAt: String(row.revoked_at),
    fromDetectionSeconds: row.from_detection as number | null,
  }));
}

/** A key that waits for something since its date. */
export interface Overdue {
  readonly keyId: string;
  readonly name: string;
  readonly owner: string | null;
  readonly dueAt: string;
}

/** What has to be rotated, and what has to be reviewed, longest overdue first. */
export async function overdueKeys(
  db: Executor,
  plan: 'rotation' | 'review',
  limit: number,
): Promise<readonly Overdue[]> {
  const from =
    plan === 'review'
      ? sql`keyctl.review_plan p where p.due_at <= statement_timestamp()`
      : sql`keyctl.rotation_plan p where p.due_at <= statement_timestamp() and p.left_out is null`;
  const rows = await db.execute(sql`
    with p as (select p.key_id, p.due_at from ${from})
    select k.id, k.name, o.email, p.due_at::text as due_at
    from p join keyctl.keys k on k.id = p.key_id left join keyctl.owners o on o.owner_id = k.owner_id
    order by p.due_at, k.id limit ${limit}::int`);
  return rows.map((row) => ({
    keyId: String(row.id),
    name: String(row.name),
    owner: row.email as string | null,
    dueAt: String(row.due_at),
  }));
}
