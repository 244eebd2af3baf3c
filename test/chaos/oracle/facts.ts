import type { Sql } from 'postgres';

/** What stands in the database, read by plain SQL in one snapshot; times are told as booleans, by the database's own clock. */
export interface Facts {
  readonly keys: readonly KeyFact[];
  readonly rotations: readonly RotationFact[];
  readonly rows: readonly AuditFact[];
  readonly head: { readonly seq: number; readonly hash: Buffer };
  readonly databaseId: string;
}

export interface KeyFact {
  readonly id: string;
  readonly familyId: string;
  readonly version: number;
  readonly status: string;
  readonly replaces: string | null;
  readonly replacedBy: string | null;
  readonly salt: Buffer | null;
  readonly verifier: Buffer | null;
  readonly fingerprint: string | null;
  /** By the oracle's own reading of the columns. */
  readonly usable: boolean;
  /** What the kernel says at the same moment. */
  readonly decision: string;
}

export interface RotationFact {
  readonly id: string;
  readonly operationId: string;
  readonly familyId: string;
  readonly oldKeyId: string;
  readonly newKeyId: string;
  readonly prepared: boolean;
  readonly activated: boolean;
  readonly aborted: boolean;
  readonly commitPending: boolean;
}

export interface AuditFact {
  readonly seq: number;
  readonly operationId: string;
  readonly action: string;
  readonly keyId: string | null;
  readonly record: string;
  readonly prevHash: Buffer;
  readonly hash: Buffer;
}

export async function readFacts(sql: Sql): Promise<Facts> {
  return await sql.begin('isolation level repeatable read read only', async (snapshot) => {
    const keys = await snapshot<KeyFact[]>`
      select id, family_id as "familyId", version, status, replaces, replaced_by as "replacedBy", salt, verifier, fingerprint,
        activated_at <= now() and revoked_at is null
          and (status in ('active', 'retiring') or status = 'suspended' and suspended_until <= now())
          and coalesce(usable_until > now(), true) and coalesce(expires_at > now(), true) is true as usable,
        keyctl.decide(id, now()) as decision
      from keyctl.api_keys order by id`;
    const rotations = await snapshot<RotationFact[]>`
      select rotation_id as id, operation_id as "operationId", family_id as "familyId", old_key_id as "oldKeyId",
        new_key_id as "newKeyId", kind <> 'replace' as prepared, activated_at is not null as activated,
        aborted_at is not null as aborted, commit_pending as "commitPending"
      from keyctl.rotations order by rotation_id`;
    const rows = await snapshot<AuditFact[]>`
      select seq::int, operation_id as "operationId", action, key_id as "keyId", record, prev_hash as "prevHash", hash
      from keyctl.audit_log order by seq`;
    const [head] = await snapshot<Facts['head'][]>`select seq::int, hash from keyctl.audit_head`;
    const [installation] = await snapshot<
      { id: string }[]
    >`select database_id as id from keyctl.installation`;
    if (head === undefined || installation === undefined) throw new Error('this is no database of keyctl');
    // A pending key was never activated: null, which is not usable.
    const plain = keys.map((key) => ({ ...key, usable: key.usable === true }));
    return { keys: plain, rotations, rows, head, databaseId: installation.id };
  });
}
