import type { Sql } from 'postgres';

/**
 * Registers keys of these ids, active, of one owner. Nobody holds their secrets; their verifiers are made up.
 * @param activatedAt default: now
 */
export async function insertKeys(sql: Sql, ids: readonly string[], activatedAt = new Date()): Promise<void> {
  await sql`
    insert into keyctl.owners (owner_id, email, name) values ('owner_bench', 'bench@example.com', 'Bench')
    on conflict do nothing`;
  await sql`
    insert into keyctl.api_keys (id, name, prefix, status, version, family_id, owner_id, created_by, activated_at,
      salt, verifier, hash_scheme, fingerprint)
    select id, 'bench-' || number, 'kc', 'active', 1, id, 'owner_bench', 'bench', ${activatedAt.toISOString()}::timestamptz,
      substr(sha256(id::bytea), 1, 16), sha256(id::bytea), 1, 'sha256:' || left(encode(sha256(id::bytea), 'hex'), 16)
    from jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb) with ordinality as given (id, number)`;
  await sql`analyze keyctl.api_keys`;
}
