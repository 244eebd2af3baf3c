import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { anyOf } from './keys.js';

/** A rotation that an earlier run left behind, with the old key as that run knew it. */
export interface UnfinishedRotation {
  readonly rotationId: string;
  readonly oldKeyId: string;
  readonly oldName: string;
  readonly oldVersion: number;
  /** Pending: never activated. Else its successor is active, and only the last part of its delivery is open. */
  readonly pending: boolean;
}

/**
 * Rotations whose run is taken for dead, in the order of their ids: pending for more than an hour, as `rotate_prepare` has
 * it, or with an open commit since more than a quarter of one. A successor that was replaced meanwhile is none of them: its
 * secret must not come back into an env file over a newer one.
 * @param after the rotation that the page before ended with; null for the first
 */
export async function unfinishedRotations(
  db: Executor,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<readonly UnfinishedRotation[]> {
  const rows = await db.execute(sql`
    select r.rotation_id, r.old_key_id, o.name, o.version, r.activated_at is null as pending
    from keyctl.rotations r join keyctl.keys o on o.id = r.old_key_id join keyctl.keys n on n.id = r.new_key_id
    where r.aborted_at is null and r.rotation_id > ${after ?? ''}
      and (r.activated_at is null and n.stored_status = 'pending' and r.prepared_at < statement_timestamp() - interval '1 hour'
        or r.commit_pending and r.activated_at < statement_timestamp() - interval '15 minutes'
          and n.status = 'active' and n.replaced_by is null)
    order by r.rotation_id limit ${limit}::int`);
  return rows.map((row) => ({
    rotationId: String(row.rotation_id),
    oldKeyId: String(row.old_key_id),
    oldName: String(row.name),
    oldVersion: Number(row.version),
    pending: row.pending === true,
  }));
}

/** A key whose time ended, and the rotation that it ended with. Times as the database writes them. */
export interface EndedKey {
  readonly keyId: string;
  readonly name: string;
  readonly version: number;
  readonly status: string;
  readonly fingerprint: string | null;
  readonly endedAt: string | null;
  readonly rotationId: string | null;
  readonly successorId: string | null;
}

/** These keys, in the order of their ids. */
export async function endedKeys(db: Executor, keyIds: readonly string[]): Promise<readonly EndedKey[]> {
  if (keyIds.length === 0) return [];
  const rows = await db.execute(sql`
    select jsonb_build_object('keyId', k.id, 'name', k.name, 'version', k.version, 'status', k.status,
      'fingerprint', k.fingerprint, 'endedAt', coalesce(k.revoked_at, least(k.usable_until, k.expires_at)),
      'rotationId', r.rotation_id, 'successorId', k.replaced_by) as ended
    from keyctl.keys k left join keyctl.rotations r on r.old_key_id = k.id and r.new_key_id = k.replaced_by
    where k.id = ${anyOf(keyIds)} order by k.id`);
  return rows.map((row) => row.ended as EndedKey);
}
