import { type SQL, sql } from 'drizzle-orm';
import type { Decision } from '../domain/decision.js';

export type { Decision } from '../domain/decision.js';

/**
 * The typed calls of the kernel: one function here for one function in `drizzle/kernel/`, same name, same order of
 * arguments. Every change is one statement, repeatable by its operation id (F1, F2).
 */

/** What runs a statement: Drizzle's database, or anything of the same shape. */
export interface Executor {
  execute(query: SQL): Promise<readonly Record<string, unknown>[]>;
}

/** Who did it and on whose word, as the audit row keeps it. `actor_db` is added by the database itself. */
export interface AuditContext {
  readonly actor_os: string | null;
  readonly actor_claimed: string | null;
  readonly host: string | null;
  readonly ticket?: string | null;
  readonly incident_id?: string | null;
  /** The program remembers a longer log of this database than it found, or another one of that length. */
  readonly behind?: { readonly remembered_seq: number; readonly found_seq: number };
}

/** One change: its operation id makes it repeatable, its context goes into its audit row. */
export interface Change {
  readonly operationId: string;
  readonly context: AuditContext;
}

/** Common to all answers: `audit_seq` is null when nothing changed; `repeated` when this operation ran before. */
export interface ChangeAnswer {
  readonly audit_seq: number | null;
  readonly repeated: boolean;
}

export interface NewKey {
  readonly id: string;
  readonly prefix: string;
  readonly saltHex: string;
  readonly verifierHex: string;
  readonly hashScheme: number;
  readonly fingerprint: string;
}

export interface OwnerInput {
  readonly email: string;
  readonly name?: string | null;
  readonly user_id?: string | null;
}

/** Columns of a key that people set; snake_case because it travels as JSON to `keyctl.with_settings`. */
export interface KeySettings {
  readonly name?: string;
  readonly workspace_id?: string | null;
  readonly workspace_access?: readonly string[];
  readonly scopes?: readonly string[];
  readonly level?: string | null;
  readonly models?: readonly string[];
  readonly features?: readonly string[];
  readonly environment?: string | null;
  readonly used_by?: readonly string[];
  readonly description?: string | null;
  readonly justification?: string | null;
  readonly allowed_ips?: readonly string[];
  readonly rpm?: number | null;
  readonly rph?: number | null;
  readonly burst?: number | null;
  readonly concurrency?: number | null;
  readonly quota_requests?: number | null;
  readonly quota_tokens?: number | null;
  readonly budget_usd?: string | null;
  readonly billing_contact?: string | null;
  readonly expires_at?: string | null;
  /** An expiry counted from now by the database's own clock (F13); not beside `expires_at`. */
  readonly expires_in_seconds?: number;
  readonly decoy?: boolean;
  readonly policy?: string | null;
  readonly exempt_reason?: string | null;
  readonly on_expiry?: string;
  readonly review_every_seconds?: number | null;
  /** Percents of budget or quota at which `audit rollup` raises an alert. */
  readonly budget_alerts?: readonly number[];
  /** `audit rollup` suspends it when its budget or quota is used up. */
  readonly auto_suspend?: boolean;
}

/** The one answer of a kernel call; shared with the other files of typed calls. */
export async function answer<T>(db: Executor, query: SQL): Promise<T> {
  const rows = await db.execute(query);
  return rows[0]?.answer as T;
}

export const json = (value: unknown) => sql`${JSON.stringify(value)}::jsonb`;
export const who = (change: Change) => sql`${change.operationId}::uuid, ${json(change.context)}`;
/** Lists travel as JSON text: array parameters need type look-ups of their own (F36). */
export const textList = (values: readonly string[]) =>
  sql`array(select jsonb_array_elements_text(${JSON.stringify(values)}::jsonb))`;
const seconds = (value: number | null) => sql`make_interval(secs => ${value}::double precision)`;

export interface CreateAnswer extends ChangeAnswer {
  readonly outcome: 'pending';
  readonly key_id: string;
  readonly version: number;
  readonly name: string;
  readonly fingerprint: string;
  readonly scopes: readonly string[];
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly audit_seq: number;
  /** As the key stands now; other than `pending` only when this operation ran before. */
  readonly status: string;
  readonly activated_at: string | null;
  readonly delivered_to: readonly string[];
}

export function createKey(
  db: Executor,
  change: Change,
  input: { key: NewKey; owner: OwnerInput | null; settings: KeySettings },
): Promise<CreateAnswer> {
  const { id, prefix, saltHex, verifierHex, hashScheme, fingerprint } = input.key;
  const key = { id, prefix, salt: saltHex, verifier: verifierHex, hash_scheme: hashScheme, fingerprint };
  return answer(
    db,
    sql`select keyctl.create_key(${who(change)}, ${json(key)}, ${json(input.owner)}, ${json(input.settings)}) as answer`,
  );
}

export interface ActivateAnswer extends ChangeAnswer {
  readonly outcome: 'activated';
  readonly key_id: string;
  readonly activated_at: string;
}

export function activateKey(
  db: Executor,
  change: Change,
  input: { keyId: string; deliveredTo: readonly string[] },
): Promise<ActivateAnswer> {
  return answer(
    db,
    sql`select keyctl.activate_key(${who(change)}, ${input.keyId}, ${textList(input.deliveredTo)}) as answer`,
  );
}

export interface AbandonAnswer extends ChangeAnswer {
  readonly outcome: 'abandoned' | 'already_revoked';
  readonly key_id: string;
}

export function abandonKey(
  db: Executor,
  change: Change,
  input: { keyId: string; reason: string },
): Promise<AbandonAnswer> {
  return answer(
    db,
    sql`select keyctl.abandon_key(${who(change)}, ${input.keyId}, ${input.reason}) as answer`,
  );
}

export type RevocationCode = 'leaked' | 'departed' | 'policy' | 'abuse' | 'superseded' | 'mistake' | 'other';

export interface RevokeAnswer extends ChangeAnswer {
  readonly outcome: 'revoked' | 'already_revoked' | 'already_replaced';
  readonly key_id: string;
  readonly revoked_at: string | null;
  readonly revoked_by: string | null;
  readonly reason: string | null;
  readonly successor_id: string | null;
}

export function revokeKey(
  db: Executor,
  change: Change,
  input: { keyId: string; reason: string; code: RevocationCode },
): Promise<RevokeAnswer> {
  return answer(
    db,
    sql`select keyctl.revoke_key(${who(change)}, ${input.keyId}, ${input.reason}, ${input.code}) as answer`,
  );
}

export interface SuspendAnswer extends ChangeAnswer {
  readonly outcome: 'suspended' | 'already_suspended';
  readonly key_id: string;
  readonly suspended_at: string;
  readonly suspended_until: string | null;
  readonly reason: string;
}

export function suspendKey(
  db: Executor,
  change: Change,
  input: { keyId: string; reason: string; forSeconds: number | null },
): Promise<SuspendAnswer> {
  return answer(
    db,
    sql`select keyctl.suspend_key(${who(change)}, ${input.keyId}, ${input.reason}, ${seconds(input.forSeconds)}) as answer`,
  );
}

export interface ResumeAnswer extends ChangeAnswer {
  readonly outcome: 'resumed' | 'not_suspended';
  readonly key_id: string;
  readonly status: string;
}

export function resumeKey(
  db: Executor,
  change: Change,
  input: { keyId: string; reason: string },
): Promise<ResumeAnswer> {
  return answer(db, sql`select keyctl.resume_key(${who(change)}, ${input.keyId}, ${input.reason}) as answer`);
}

export interface UpdateAnswer extends ChangeAnswer {
  readonly outcome: 'updated' | 'unchanged';
  readonly key_id: string;
  readonly before: Record<string, unknown>;
  readonly after: Record<string, unknown>;
}

export function updateKey(
  db: Executor,
  change: Change,
  input: { keyId: string; settings: KeySettings; owner: OwnerInput | null; reason: string },
): Promise<UpdateAnswer> {
  return answer(
    db,
    sql`select keyctl.update_key(${who(change)}, ${input.keyId}, ${json(input.settings)}, ${json(input.owner)}, ${input.reason}) as answer`,
  );
}

export interface BlockAnswer extends ChangeAnswer {
  readonly outcome: 'blocked' | 'already_blocked';
  readonly cidr: string;
  readonly blocked_at: string;
  readonly blocked_until: string | null;
  readonly reason: string;
}

export function blockIp(
  db: Executor,
  change: Change,
  input: { cidr: string; reason: string; forSeconds: number | null },
): Promise<BlockAnswer> {
  return answer(
    db,
    sql`select keyctl.block_ip(${who(change)}, ${input.cidr}::inet, ${input.reason}, ${seconds(input.forSeconds)}) as answer`,
  );
}

export interface UnblockAnswer extends ChangeAnswer {
  readonly outcome: 'unblocked' | 'not_blocked';
  readonly cidr: string;
}

export function unblockIp(
  db: Executor,
  change: Change,
  input: { cidr: string; reason: string },
): Promise<UnblockAnswer> {
  return answer(
    db,
    sql`select keyctl.unblock_ip(${who(change)}, ${input.cidr}::inet, ${input.reason}) as answer`,
  );
}

export interface ExposureAnswer extends ChangeAnswer {
  readonly outcome: 'exposed';
  readonly key_id: string;
}

export function reportExposure(
  db: Executor,
  change: Change,
  input: { keyId: string; where: string; times: number },
): Promise<ExposureAnswer> {
  return answer(
    db,
    sql`select keyctl.report_exposure(${who(change)}, ${input.keyId}, ${input.where}, ${input.times}::int) as answer`,
  );
}

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

/** Which of a run's two inboxes. */
export type Lane = 1 | 2;

/** Opens (or finds again) the inboxes of an ingest; answers their name without the lane (`_1`, `_2`), null when the run is closed. */
export function ingestOpen(db: Executor, runId: string): Promise<string | null> {
  return answer(db, sql`select keyctl.ingest_open(${runId}::uuid) as answer`);
}

/** Registers unknown names as keys; answers how many were settled: 500 means that more may be left. */
export function ingestAdopt(
  db: Executor,
  change: Change,
  input: { runId: string; lane: Lane },
): Promise<number> {
  return answer(
    db,
    sql`select keyctl.ingest_adopt(${input.runId}::uuid, ${input.lane}::int, ${who(change)}) as answer`,
  );
}

export interface IngestCounts {
  readonly events: number;
  readonly duplicates: number;
  readonly stray: number;
  readonly keys_adopted: number;
  readonly first_at: string | null;
  readonly last_at: string | null;
}

/** Files what lies in one inbox; answers the run's counts so far. */
export function ingestTake(db: Executor, input: { runId: string; lane: Lane }): Promise<IngestCounts> {
  return answer(db, sql`select keyctl.ingest_take(${input.runId}::uuid, ${input.lane}::int) as answer`);
}

/** What only the reader of a log saw; kept in the audit row beside the counts. */
export interface IngestReport {
  readonly source: string;
  readonly complete: boolean;
  readonly rejected_by_cause: Readonly<Record<string, number>>;
  readonly exposed: readonly {
    readonly key_id: string;
    readonly name: string | null;
    readonly status: string | null;
    readonly times: number;
  }[];
}

export function ingestClose(
  db: Executor,
  change: Change,
  input: { runId: string; report: IngestReport },
): Promise<IngestCounts & IngestReport & ChangeAnswer> {
  return answer(
    db,
    sql`select keyctl.ingest_close(${input.runId}::uuid, ${who(change)}, ${json(input.report)}) as answer`,
  );
}

export interface GrantRoleAnswer extends ChangeAnswer {
  readonly outcome: 'granted' | 'already_granted';
  readonly user: string;
  readonly role: string;
  /** Whether `keyctl` stands on the login's search_path here: `own` was set by somebody and left alone. */
  readonly search_path: 'set' | 'already' | 'own' | 'refused';
}

export function grantRole(
  db: Executor,
  change: Change,
  input: { user: string; role: string },
): Promise<GrantRoleAnswer> {
  return answer(db, sql`select keyctl.grant_role(${who(change)}, ${input.user}, ${input.role}) as answer`);
}
