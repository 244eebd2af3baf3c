import { sql } from 'drizzle-orm';
import {
  answer,
  type Change,
  type ChangeAnswer,
  type Executor,
  json,
  seconds,
  textList,
  who,
} from './kernel.js';

/** The typed calls of the kernel that make, change and stop one key; see `kernel.ts`. */

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
