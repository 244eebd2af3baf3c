import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

/** One turn in a family's life, as the audit log has it. */
export interface LifeEvent {
  readonly auditSeq: number;
  readonly at: string;
  readonly action: string;
  readonly keyId: string | null;
  readonly actor: string;
  readonly reason: string | null;
}

/** What happened to a family's keys, oldest first; changes of settings and sightings are left to `audit log`. */
export async function familyEvents(db: Executor, familyId: string): Promise<readonly LifeEvent[]> {
  const rows = await db.execute(sql`
    select seq::float8 as seq, to_jsonb(at) #>> '{}' as at, action, key_id, actor_db, reason
    from keyctl.audit_log
    where family_id = ${familyId} and (starts_with(action, 'rotation.') or action in ('key.created', 'key.activated',
      'key.suspended', 'key.resumed', 'key.revoked', 'key.replaced', 'key.retirement_planned', 'key.retirement_cancelled',
      'key.reviewed', 'key.imported'))
    order by seq`);
  return rows.map((row) => ({
    auditSeq: Number(row.seq),
    at: String(row.at),
    action: String(row.action),
    keyId: row.key_id as string | null,
    actor: String(row.actor_db),
    reason: row.reason as string | null,
  }));
}
