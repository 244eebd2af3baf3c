import { sql } from 'drizzle-orm';
import type { Decision } from '../domain/decision.js';
import { answer, type Executor } from './kernel.js';

/** What the kernel decides about keys and requests; see `kernel.ts`. */

/** The circumstances of a request; what is null is not judged. */
export interface Circumstances {
  readonly at?: string | null;
  readonly ip?: string | null;
  readonly scope?: string | null;
  readonly workspace?: string | null;
  readonly model?: string | null;
  readonly feature?: string | null;
}

export function decide(db: Executor, keyId: string, request: Circumstances = {}): Promise<Decision> {
  const { at = null, ip = null, scope = null, workspace = null, model = null, feature = null } = request;
  return answer(
    db,
    sql`select keyctl.decide(${keyId}, ${at}::timestamptz, ${ip}::inet, ${scope}, ${workspace}, ${model}, ${feature}) as answer`,
  );
}

export interface Spent {
  readonly requests: number;
  readonly tokens: number;
  /** US dollars as decimal text. */
  readonly costUsd: string;
}

/** What a family used in the calendar month (UTC) that contains the moment, up to it; now when none is given. */
export async function spent(db: Executor, familyId: string, at: string | null = null): Promise<Spent> {
  const rows = await db.execute(
    sql`select requests, tokens, cost_usd from keyctl.spent(${familyId}, coalesce(${at}::timestamptz, clock_timestamp()))`,
  );
  const row = rows[0];
  return {
    requests: Number(row?.requests ?? 0),
    tokens: Number(row?.tokens ?? 0),
    costUsd: String(row?.cost_usd ?? '0'),
  };
}

export interface Verification {
  readonly keyId: string;
  readonly version: number;
  readonly salt: Buffer | null;
  readonly verifier: Buffer | null;
  readonly hashScheme: number | null;
  readonly digest: Buffer | null;
  readonly decision: Decision;
  readonly scopes: readonly string[];
  readonly successorId: string | null;
}

/** What is needed to check a presented token here; null when no key of ours has that id or digest. */
export async function verification(db: Executor, idOrDigest: string): Promise<Verification | null> {
  const rows = await db.execute(sql`select key_id, version, encode(salt, 'hex') as salt,
    encode(verifier, 'hex') as verifier, hash_scheme, encode(digest, 'hex') as digest, decision,
    to_jsonb(scopes) as scopes, successor_id from keyctl.verification(${idOrDigest})`);
  const row = rows[0];
  if (row === undefined) {
    return null;
  }
  const bytes = (hex: unknown) => (typeof hex === 'string' ? Buffer.from(hex, 'hex') : null);
  return {
    keyId: String(row.key_id),
    version: Number(row.version),
    salt: bytes(row.salt),
    verifier: bytes(row.verifier),
    hashScheme: row.hash_scheme === null ? null : Number(row.hash_scheme),
    digest: bytes(row.digest),
    decision: row.decision as Decision,
    scopes: row.scopes as string[],
    successorId: row.successor_id as string | null,
  };
}
