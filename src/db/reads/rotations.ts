import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import type { RotationState } from '../kernel-rotation.js';
import { anyOf } from './keys.js';

/** A rotation as `keyctl.rotation_list` has it, with what the usage log says. Times as the database writes them. */
export interface RotationRow {
  readonly rotation_id: string;
  readonly operation_id: string;
  readonly family_id: string;
  readonly old_key_id: string;
  readonly new_key_id: string;
  readonly kind: 'rotate' | 'replace' | 'reissue';
  readonly reason: string;
  readonly grace_seconds: number | null;
  readonly compromised: boolean;
  readonly deliver_to: readonly string[];
  readonly commit_pending: boolean;
  readonly prepared_at: string;
  readonly prepared_by: string;
  readonly activated_at: string | null;
  readonly finalized_at: string | null;
  readonly aborted_at: string | null;
  readonly old_name: string;
  readonly old_version: number;
  readonly old_fingerprint: string | null;
  readonly old_status: string;
  readonly new_name: string;
  readonly new_version: number;
  readonly new_fingerprint: string | null;
  readonly new_status: string;
  readonly grace_ends_at: string | null;
  readonly state: RotationState;
  readonly age_seconds: number;
  /** Pending for over an hour: the run that made it is taken for dead, as `rotate_prepare` does. */
  readonly dead: boolean;
  /** When the old key's time was over, written down or not yet; null while it is not. */
  readonly ended_at: string | null;
  readonly successor_last_used_at: string | null;
  readonly old_last_used_at: string | null;
  /** The newest event of any key: as far as the log reaches. */
  readonly as_of: string | null;
  readonly quiet_seconds: number | null;
  /** Pairs of address and agent that were let in with the old key since the activation, in the last day; of open ones. */
  readonly straggler_count: number;
  /** Requests with the old key that were refused since its end; of finalized ones. */
  readonly refused_requests: number;
  readonly read_at: string;
}

export interface RotationFilter {
  readonly rotationIds?: readonly string[];
  readonly idStart?: string;
  readonly familyIds?: readonly string[];
}

/** The rotations that fit, newest first. */
export function selectRotations(db: Executor, filter: RotationFilter): Promise<RotationRow[]> {
  const { rotationIds, idStart, familyIds } = filter;
  const conditions = [
    ...(rotationIds === undefined ? [] : [sql`l.rotation_id = ${anyOf(rotationIds)}`]),
    ...(idStart === undefined ? [] : [sql`starts_with(l.rotation_id, ${idStart})`]),
    ...(familyIds === undefined ? [] : [sql`l.family_id = ${anyOf(familyIds)}`]),
  ];
  return rotationRows(db, { among: sql.join(conditions, sql` and `), page: sql`limit 1000` });
}

export interface RotationPage {
  readonly rows: readonly RotationRow[];
  /** Null on the last page. */
  readonly nextOffset: number | null;
}

/**
 * Pending and open rotations, and those of the last day whose old key is still presented; with `all` every one. What
 * waits for somebody first, then newest first.
 */
export async function listRotations(
  db: Executor,
  { all, limit, offset }: { readonly all: boolean; readonly limit: number; readonly offset: number },
): Promise<RotationPage> {
  const rows = await rotationRows(db, {
    // The open ones by their own index; the view's state, which is worked out, only among them.
    among: all
      ? sql`true`
      : sql`(l.finalized_at is null and l.aborted_at is null or l.finalized_at > statement_timestamp() - interval '1 day')`,
    shown: all
      ? sql`true`
      : sql`(c.state in ('pending', 'open') or c.state = 'finalized'
          and c.ended_at > statement_timestamp() - interval '1 day' and w.refused > 0)`,
    page: sql`limit ${limit + 1}::int offset ${offset}::int`,
  });
  return { rows: rows.slice(0, limit), nextOffset: rows.length > limit ? offset + limit : null };
}

/** What was let in, and what was not: the same as in `keyctl.last_accepted`. */
export const accepted = sql`(u.status is null or u.status not in (401, 403))`;

async function rotationRows(
  db: Executor,
  { among, shown = sql`true`, page }: { readonly among: SQL; readonly shown?: SQL; readonly page: SQL },
): Promise<RotationRow[]> {
  const rows = await db.execute(sql`
    with c as materialized (
      select l.*, l.state = 'pending' and l.age_seconds > 3600 as dead,
        case when l.state = 'finalized' then coalesce(l.finalized_at, least(o.revoked_at, o.usable_until, o.expires_at)) end
          as ended_at
      from keyctl.rotation_list l join keyctl.keys o on o.id = l.old_key_id
      where ${among}
    ), p as materialized (
      select c.*, w.stragglers, w.refused
      from c cross join lateral (
        select
          case when c.state = 'open' then (
            select count(distinct (coalesce(u.ip_text, ''), coalesce(u.user_agent, ''))) from keyctl.usage_events u
            where u.key_id = c.old_key_id and ${accepted}
              and u.ts >= greatest(c.activated_at, statement_timestamp() - interval '1 day') and u.ts <= statement_timestamp())
          else 0 end as stragglers,
          case when c.ended_at is not null then (
            select count(*) from keyctl.usage_events u
            where u.key_id = c.old_key_id and u.ts >= c.ended_at and u.ts <= statement_timestamp() and not ${accepted})
          else 0 end as refused
      ) w
      where ${shown}
      order by case c.state when 'pending' then 0 when 'open' then 1 else 2 end, c.prepared_at desc, c.rotation_id
      ${page}
    )
    select to_jsonb(p) - 'stragglers' - 'refused' || jsonb_build_object('straggler_count', p.stragglers,
      'refused_requests', p.refused, 'successor_last_used_at', q.successor_last_used_at,
      'old_last_used_at', q.old_last_used_at, 'as_of', q.as_of, 'quiet_seconds', q.quiet_seconds,
      'read_at', clock_timestamp()) as rotation
    from p cross join lateral keyctl.rotation_quiet(p.rotation_id) q
    order by case p.state when 'pending' then 0 when 'open' then 1 else 2 end, p.prepared_at desc, p.rotation_id`);
  return rows.map((row) => row.rotation as RotationRow);
}

/** What decides whether a rotation is quiet, without the counts, for looking again and again. */
export type QuietRow = Pick<
  RotationRow,
  | 'state'
  | 'activated_at'
  | 'successor_last_used_at'
  | 'old_last_used_at'
  | 'as_of'
  | 'quiet_seconds'
  | 'read_at'
>;

export async function quietRow(db: Executor, rotationId: string): Promise<QuietRow> {
  const rows = await db.execute(sql`
    select to_jsonb(q) || jsonb_build_object('state', l.state, 'activated_at', l.activated_at, 'read_at', clock_timestamp())
      as facts
    from keyctl.rotation_list l cross join lateral keyctl.rotation_quiet(l.rotation_id) q
    where l.rotation_id = ${rotationId}`);
  return rows[0]?.facts as QuietRow;
}

/** What an operation changed before, newest first: its rotations, for `--operation-id` after they became something else. */
export async function rotationsOfOperation(
  db: Executor,
  operationId: string,
  action: 'rotation.activated' | 'rotation.finalized' | 'rotation.extended' | 'rotation.aborted',
): Promise<readonly string[]> {
  const rows = await db.execute(sql`
    select record::jsonb #>> '{answer,rotation_id}' as rotation_id from keyctl.audit_log
    where operation_id = ${operationId}::uuid and action = ${action} order by seq desc`);
  return rows.flatMap((row) => (row.rotation_id === null ? [] : [String(row.rotation_id)]));
}

/** Seconds of grace that a replacement gives this key when nothing is asked for: as its policy says, else a day. */
export async function replacementGrace(db: Executor, keyId: string): Promise<number> {
  const rows = await db.execute(sql`
    select coalesce(p.grace_seconds, 86400)::int as grace
    from keyctl.keys k cross join lateral keyctl.policy_for(k.policy, k.environment) p where k.id = ${keyId}`);
  return Number(rows[0]?.grace ?? 86_400);
}
