import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Sql, TransactionSql } from 'postgres';
import { placeFile } from '../src/actions/delivery/place-file.js';
import { type MintedKey, mintKey } from '../src/actions/mint-key.js';

interface OldKey {
  readonly id: string;
  readonly version: number;
}

/**
 * What one would write without a kernel: each key in a transaction of its own over postgres.js, its audit row chained to
 * the one before, its secret in a file written and flushed as keyctl does it, before the commit. It is let off lightly:
 * one audit row instead of two, no check of policy, grace or a second run, and no process to start. Answers how many.
 */
export async function rotateOneAtATime(sql: Sql, directory: string): Promise<number> {
  const keys = await sql<OldKey[]>`
    select id, version from keyctl.api_keys where status = 'active' and activated_at < now() - interval '90 days'`;
  for (const key of keys) {
    const minted = mintKey({ randomBytes }, 'kc');
    await sql.begin(async (tx) => {
      await succeed(tx, key, minted);
      const path = join(directory, minted.key.id);
      await placeFile({ path, content: minted.secret.reveal(), keyId: minted.key.id });
    });
  }
  return keys.length;
}

/** Three statements: the old key retires, its successor is registered with its settings, and the audit row is chained. */
async function succeed(tx: TransactionSql, old: OldKey, { key }: MintedKey): Promise<void> {
  await tx`
    update keyctl.api_keys set status = 'retiring', replaced_by = ${key.id}, replaced_at = clock_timestamp(),
      usable_until = clock_timestamp() + interval '1 day' where id = ${old.id} and version = ${old.version}`;
  await tx`
    insert into keyctl.api_keys (id, name, prefix, status, version, family_id, replaces, owner_id, scopes, created_by,
      activated_at, salt, verifier, hash_scheme, fingerprint)
    select ${key.id}, name || ' (rotated)', prefix, 'active', version + 1, family_id, id, owner_id, scopes, 'bench',
      clock_timestamp(), decode(${key.saltHex}, 'hex'), decode(${key.verifierHex}, 'hex'), 1, ${key.fingerprint}
    from keyctl.api_keys where id = ${old.id}`;
  await tx`
    with head as materialized (select seq, hash from keyctl.audit_head for update),
    written as (
      select seq + 1 as seq, hash as prev, json_build_object('seq', seq + 1, 'action', 'rotation.activated',
        'key_id', ${old.id}::text, 'new_key_id', ${key.id}::text, 'reason', 'rotation by date')::text as record from head),
    logged as (
      insert into keyctl.audit_log (seq, at, operation_id, action, key_id, family_id, actor_db, reason, record, prev_hash, hash)
      select seq, clock_timestamp(), ${randomUUID()}::uuid, 'rotation.activated', ${old.id}::text, ${old.id}::text,
        session_user, 'rotation by date', record, prev, sha256(prev || convert_to(record, 'UTF8')) from written
      returning seq, hash)
    update keyctl.audit_head set seq = logged.seq, hash = logged.hash from logged`;
}
