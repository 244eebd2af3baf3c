import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';

/** What a bundle of an incident stands on. */
export interface EvidenceGround {
  readonly databaseId: string;
  /** Where the audit log ends: as far as the bundle reaches. */
  readonly head: { readonly seq: number; readonly hash: string };
  /** The first row that names the incident, or in its time one of its keys. */
  readonly firstSeq: number;
  /** Whether this role may write down that it made one. */
  readonly mayRecord: boolean;
}

export async function evidenceGround(
  db: Executor,
  asked: { readonly incidentId: string; readonly keyIds: readonly string[]; readonly since: string },
): Promise<EvidenceGround> {
  const { incidentId, keyIds, since } = asked;
  const [row] = await db.execute(sql`
    select i.database_id::text, h.seq::float8 as seq, encode(h.hash, 'hex') as hash,
      least(h.seq, (select min(a.seq) from keyctl.audit_log a where a.incident_id = ${incidentId}),
        (select min(f.seq) from unnest(${arrayLiteral(keyIds)}::text[]) as k (wanted) cross join lateral (
          select a.seq from keyctl.audit_log a where a.key_id = k.wanted and a.at >= ${since}::timestamptz
          order by a.seq limit 1) f))::float8 as first_seq,
      has_function_privilege('keyctl.record_bundle(uuid, jsonb, text, jsonb)', 'execute') as may_record
    from keyctl.installation i cross join keyctl.audit_head h`);
  return {
    databaseId: String(row?.database_id),
    head: { seq: Number(row?.seq), hash: String(row?.hash) },
    firstSeq: Number(row?.first_seq),
    mayRecord: row?.may_record === true,
  };
}
