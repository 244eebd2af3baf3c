import { randomBytes, randomUUID } from 'node:crypto';
import type { Connection } from '../../src/db/connect.js';
import { fingerprint, mintToken, verifierOf } from '../../src/domain/token.js';

export type SeedStatus = 'pending' | 'active' | 'retiring' | 'suspended' | 'replaced' | 'revoked' | 'expired';

export interface KeySeed {
  /** Stored as it is, past every parser: hostile names come from logs and from psql. */
  readonly name?: string;
  readonly prefix?: string;
  readonly owner?: string;
  readonly userId?: string;
  readonly workspace?: string;
  readonly scopes?: readonly string[];
  readonly status?: SeedStatus;
  /** The first key of the family that it joins as its next version. */
  readonly family?: SeededKey;
}

export interface SeededKey {
  readonly id: string;
  readonly name: string;
  /** The whole token. */
  readonly token: string;
  /** What a dashboard shows of it: `kc_7Q2mK9xZab3d****`. */
  readonly redacted: string;
  readonly familyId: string;
}

let names = 0;

/** A key in any status, minted as keyctl does it and brought to its status by the kernel, or by plain SQL where rotation is. */
export async function seedKey({ sql }: Connection, seed: KeySeed = {}): Promise<SeededKey> {
  const { token, id, locator, prefix } = mintToken(seed.prefix ?? 'kc', (size) => randomBytes(size));
  const salt = randomBytes(16);
  names += 1;
  const name = seed.name ?? `seeded-${names}`;
  const key = {
    ...{ id, prefix, hash_scheme: 1, fingerprint: fingerprint(token) },
    salt: salt.toString('hex'),
    verifier: Buffer.from(verifierOf(token, salt)).toString('hex'),
  };
  const owner = seed.owner === undefined ? null : { email: seed.owner, user_id: seed.userId ?? null };
  const settings = { name: 'seeded', workspace_id: seed.workspace ?? null, scopes: seed.scopes ?? [] };
  await sql`select keyctl.create_key(${randomUUID()}::uuid, '{}'::jsonb, ${JSON.stringify(key)}::jsonb,
    ${JSON.stringify(owner)}::jsonb, ${JSON.stringify(settings)}::jsonb)`;
  await sql`update keyctl.api_keys set name = ${name} where id = ${id}`;
  const familyId = seed.family?.familyId ?? id;
  if (seed.family !== undefined) {
    await sql`update keyctl.api_keys set family_id = ${familyId}, replaces = ${seed.family.id},
      version = (select max(version) + 1 from keyctl.api_keys where family_id = ${familyId}) where id = ${id}`;
    await sql`update keyctl.api_keys set replaced_by = ${id} where id = ${seed.family.id}`;
  }
  await bringTo(sql, id, seed.status ?? 'active');
  return { id, name, token: token.reveal(), redacted: `${prefix}_${locator}****`, familyId };
}

async function bringTo(sql: Connection['sql'], id: string, status: SeedStatus): Promise<void> {
  if (status !== 'pending') {
    // Not by activate_key: it refuses a successor, whose activation belongs to rotation.
    await sql`update keyctl.api_keys set status = 'active', activated_at = clock_timestamp(), delivered_to = '{test}' where id = ${id}`;
  }
  const operation = randomUUID();
  if (status === 'suspended') {
    await sql`select keyctl.suspend_key(${operation}::uuid, '{}'::jsonb, ${id}, 'seeded: being looked into')`;
  } else if (status === 'revoked') {
    await sql`select keyctl.revoke_key(${operation}::uuid, '{}'::jsonb, ${id}, 'seeded: it leaked long ago', 'leaked')`;
  } else if (status === 'expired') {
    await sql`update keyctl.api_keys set expires_at = clock_timestamp() - interval '1 hour' where id = ${id}`;
  } else if (status === 'retiring') {
    await sql`update keyctl.api_keys set status = 'retiring', replaced_at = clock_timestamp(),
      usable_until = clock_timestamp() + interval '1 day' where id = ${id}`;
  } else if (status === 'replaced') {
    await sql`update keyctl.api_keys set status = 'replaced', replaced_at = clock_timestamp() - interval '2 days',
      usable_until = clock_timestamp() - interval '1 day' where id = ${id}`;
  }
}

export interface UsageSeed {
  readonly keyId: string;
  readonly times: number;
  readonly secondsAgo: number;
  readonly endpoint?: string;
  readonly userAgent?: string;
  readonly ip?: string;
  readonly status?: number;
}

/** Requests of a key, one second apart, the newest `secondsAgo`. */
export async function seedUsage({ sql }: Connection, usage: UsageSeed): Promise<void> {
  const { keyId, times, secondsAgo, endpoint = '/v1/runs', userAgent = 'billing-worker/2.3' } = usage;
  const { ip = '192.0.2.10', status = 200 } = usage;
  await sql`select keyctl.ensure_partitions(array[current_date - 7, current_date, current_date + 1])`;
  await sql`insert into keyctl.usage_events (ts, key_id, id, endpoint, status, ip, ip_text, user_agent)
    select clock_timestamp() - make_interval(secs => ${secondsAgo} + n), ${keyId}, gen_random_uuid()::text, ${endpoint},
      ${status}, ${ip}::inet, ${ip}, ${userAgent} from generate_series(0, ${times - 1}) n`;
  await sql`update keyctl.api_keys k set last_used_at = (select max(ts) from keyctl.usage_events u where u.key_id = k.id)
    where id = ${keyId}`;
}

/** Everything that a change could touch, of every key but these: equal before and after, they were bystanders. */
export async function bystanders({ sql }: Connection, but: readonly string[]): Promise<readonly unknown[]> {
  const rows = await sql`select to_jsonb(k)::text as row from keyctl.api_keys k
    where not k.id in (select jsonb_array_elements_text(${JSON.stringify(but)}::jsonb)) order by k.id`;
  return rows.map((row) => row.row);
}

export interface AuditRow {
  readonly seq: number;
  readonly action: string;
  readonly key_id: string | null;
  readonly operation_id: string;
  readonly reason: string | null;
  readonly actor_db: string;
  readonly actor_os: string | null;
  readonly actor_claimed: string | null;
  readonly record: { readonly details: Record<string, unknown>; readonly ticket: string | null };
}

/** What was written down about a key, oldest first, without its making. */
export async function auditOf({ sql }: Connection, keyId: string): Promise<readonly AuditRow[]> {
  const rows =
    await sql`select seq::int, action, key_id, operation_id, reason, actor_db, actor_os, actor_claimed, record::jsonb
    from keyctl.audit_log where key_id = ${keyId} and action <> 'key.created' order by seq`;
  return rows as unknown as AuditRow[];
}
