import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import type { RotationState } from '../kernel-rotation.js';
import { anyOf } from './keys.js';

/** A rotation as it stands, with what is told of a successor when it is issued. Times as the database writes them. */
export interface RotationFactsRow {
  readonly rotation_id: string;
  readonly kind: 'rotate' | 'replace' | 'reissue';
  readonly state: RotationState;
  readonly reason: string;
  readonly age_seconds: number;
  readonly compromised: boolean;
  readonly grace_seconds: number | null;
  readonly commit_pending: boolean;
  readonly key_id: string;
  readonly old_fingerprint: string | null;
  readonly old_key_status: string;
  readonly grace_ends_at: string | null;
  readonly new_key_id: string;
  readonly new_status: string;
  readonly version: number;
  readonly prefix: string | null;
  readonly name: string;
  readonly owner_email: string | null;
  readonly fingerprint: string;
  readonly scopes: readonly string[];
  readonly created_at: string;
  readonly expires_at: string | null;
  /** Where the secret was going, and, once it is active, where it went. */
  readonly deliver_to: readonly string[];
  /** The audit row that registered it. */
  readonly audit_seq: number;
}

/** The rotations with these ids, oldest first. */
export async function rotationFacts(
  db: Executor,
  rotationIds: readonly string[],
): Promise<readonly RotationFactsRow[]> {
  const rows = await db.execute(sql`
    select jsonb_build_object('rotation_id', l.rotation_id, 'kind', l.kind, 'state', l.state, 'reason', l.reason,
      'age_seconds', l.age_seconds, 'compromised', l.compromised, 'grace_seconds', l.grace_seconds,
      'commit_pending', l.commit_pending, 'key_id', l.old_key_id, 'old_fingerprint', l.old_fingerprint,
      'old_key_status', l.old_status, 'grace_ends_at', l.grace_ends_at, 'new_key_id', l.new_key_id,
      'new_status', l.new_status, 'version', n.version, 'prefix', n.prefix, 'name', n.name, 'owner_email', o.email,
      'fingerprint', n.fingerprint, 'scopes', n.scopes, 'created_at', n.created_at, 'expires_at', n.expires_at,
      'deliver_to', l.deliver_to, 'audit_seq', (
        select min(a.seq) from keyctl.audit_log a where a.operation_id = l.operation_id and a.key_id = l.old_key_id
          and a.action in ('rotation.prepared', 'rotation.activated'))) as facts
    from keyctl.rotation_list l join keyctl.keys n on n.id = l.new_key_id
    left join keyctl.owners o on o.owner_id = n.owner_id
    where l.rotation_id = ${anyOf(rotationIds)} order by l.prepared_at`);
  return rows.map((row) => row.facts as RotationFactsRow);
}
