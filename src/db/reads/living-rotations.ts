import { sql } from 'drizzle-orm';
import { isoTime } from '../../domain/stored-time.js';
import type { Executor } from '../kernel.js';

/** A rotation that is pending or open, as far as its keys are shown with it. */
export interface LivingRotation {
  readonly rotationId: string;
  readonly state: 'pending' | 'open';
  readonly oldKeyId: string;
  readonly newKeyId: string;
  /** Null: not begun, or kept until the next rotation. */
  readonly graceEndsAt: string | null;
  readonly commitPending: boolean;
}

/** Those of a family, oldest first: one of each state at most. */
export async function livingRotations(db: Executor, familyId: string): Promise<readonly LivingRotation[]> {
  const rows = await db.execute(sql`
    select rotation_id, state, old_key_id, new_key_id, to_jsonb(grace_ends_at) #>> '{}' as grace_ends_at, commit_pending
    from keyctl.rotation_list where family_id = ${familyId} and state in ('pending', 'open') order by prepared_at`);
  return rows.map((row) => ({
    rotationId: String(row.rotation_id),
    state: row.state as LivingRotation['state'],
    oldKeyId: String(row.old_key_id),
    newKeyId: String(row.new_key_id),
    graceEndsAt: row.state === 'open' ? isoTime(row.grace_ends_at as string | null) : null,
    commitPending: row.commit_pending === true,
  }));
}
