import type { Sql } from 'postgres';

/** A rotation that waits for somebody: nothing goes on by itself, or what does will hurt. */
export interface StuckRotation {
  readonly rotationId: string;
  /** Pending for over an hour; its secret not in its place for ten minutes; its grace ends within the hour, and the old key is used. */
  readonly cause: 'dead' | 'uncommitted' | 'ending';
}

/** What is stuck, the most pressing cause first, oldest first. */
export async function stuckRotations(sql: Sql): Promise<readonly StuckRotation[]> {
  const rows = await sql`
    select s.rotation_id, s.cause from (
      select l.rotation_id, l.prepared_at, case
          when l.commit_pending and l.activated_at < statement_timestamp() - interval '10 minutes' then 'uncommitted'
          when l.state = 'open' and l.grace_ends_at < statement_timestamp() + interval '1 hour' and exists (
            select from keyctl.usage_events u
            where u.key_id = l.old_key_id and (u.status is null or u.status not in (401, 403))
              and u.ts >= greatest(l.activated_at, statement_timestamp() - interval '1 day')) then 'ending'
          when l.state = 'pending' and l.age_seconds > 3600 then 'dead'
        end as cause
      from keyctl.rotation_list l
      where l.aborted_at is null and (l.finalized_at is null or l.commit_pending)
    ) s where s.cause is not null
    order by array_position(array['uncommitted', 'ending', 'dead'], s.cause), s.prepared_at`;
  return rows.map((row) => ({
    rotationId: String(row.rotation_id),
    cause: row.cause as StuckRotation['cause'],
  }));
}
