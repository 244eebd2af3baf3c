import type { PlannedKey } from '../db/reads/key-plans.js';
import type { KeyRow } from '../db/reads/keys.js';
import { isoTime } from '../domain/stored-time.js';
import type { Json } from './renderer.js';

const fields: Readonly<Record<string, (row: KeyRow) => Json>> = {
  key_id: ({ key }) => key.id,
  external_id: ({ key }) => key.externalId,
  name: ({ key }) => key.name,
  prefix: ({ key }) => key.prefix,
  status: ({ key }) => key.status,
  version: ({ key }) => key.version,
  family_id: ({ key }) => key.familyId,
  replaces: ({ key }) => key.replaces,
  replaced_by: ({ key }) => key.replacedBy,
  origin: ({ key }) => key.origin,
  fingerprint: ({ key }) => key.fingerprint,
  verifiable: ({ key }) => key.verifiable,
  weak: ({ key }) => key.weak,
  decoy: ({ key }) => key.decoy,
  owner: ({ owner }) => owner?.email ?? null,
  owner_name: ({ owner }) => owner?.name ?? null,
  user_id: ({ owner }) => owner?.userId ?? null,
  workspace_id: ({ key }) => key.workspaceId,
  workspace_access: ({ key }) => key.workspaceAccess,
  scopes: ({ key }) => key.scopes,
  level: ({ key }) => key.level,
  models: ({ key }) => key.models,
  features: ({ key }) => key.features,
  environment: ({ key }) => key.environment,
  used_by: ({ key }) => key.usedBy,
  description: ({ key }) => key.description,
  justification: ({ key }) => key.justification,
  allowed_ips: ({ key }) => key.allowedIps,
  rpm: ({ key }) => key.rpm,
  rph: ({ key }) => key.rph,
  burst: ({ key }) => key.burst,
  concurrency: ({ key }) => key.concurrency,
  quota_requests: ({ key }) => key.quotaRequests,
  quota_tokens: ({ key }) => key.quotaTokens,
  budget_usd: ({ key }) => (key.budgetUsd === null ? null : Number(key.budgetUsd)),
  budget_alerts: ({ key }) => key.budgetAlerts,
  auto_suspend: ({ key }) => key.autoSuspend,
  billing_contact: ({ key }) => key.billingContact,
  policy: ({ key }) => key.policy,
  exempt_reason: ({ key }) => key.exemptReason,
  on_expiry: ({ key }) => key.onExpiry,
  review_every_seconds: ({ key }) => key.reviewEverySeconds,
  reviewed_at: ({ key }) => isoTime(key.reviewedAt),
  created_at: ({ key }) => isoTime(key.createdAt),
  created_by: ({ key }) => key.createdBy,
  activated_at: ({ key }) => isoTime(key.activatedAt),
  delivered_to: ({ key }) => key.deliveredTo,
  last_used_at: ({ key }) => isoTime(key.lastUsedAt),
  expires_at: ({ key }) => isoTime(key.expiresAt),
  usable_until: ({ key }) => isoTime(key.usableUntil),
  retire_on: ({ key }) => isoTime(key.retireOn),
  retire_reason: ({ key }) => key.retireReason,
  retirement_phase: ({ key }) => key.retirementPhase,
  // A suspension that ended by itself still stands in the columns.
  suspended_at: ({ key }) => (key.status === 'suspended' ? isoTime(key.suspendedAt) : null),
  suspended_until: ({ key }) => (key.status === 'suspended' ? isoTime(key.suspendedUntil) : null),
  suspension_reason: ({ key }) => (key.status === 'suspended' ? key.suspensionReason : null),
  replaced_at: ({ key }) => isoTime(key.replacedAt),
  revoked_at: ({ key }) => isoTime(key.revokedAt),
  revoked_by: ({ key }) => key.revokedBy,
  revocation_reason: ({ key }) => key.revocationReason,
  revocation_code: ({ key }) => key.revocationCode,
};

/** What waits for a key by date; read where keys are shown, and not where they are changed. */
const planFields: Readonly<Record<string, (row: PlannedKey) => Json>> = {
  review_due_at: ({ plan }) => isoTime(plan.reviewDueAt),
  rotation_due_at: ({ plan }) => isoTime(plan.rotationDueAt),
  rotation_due_cause: ({ plan }) => plan.rotationDueCause,
  left_out: ({ plan }) => plan.leftOut,
};

/** The names in a key's record, in order. */
export const keyRecordFields: readonly string[] = [...Object.keys(fields), ...Object.keys(planFields)];

/** A key's own columns as programs read them. */
export function keyRecord(row: KeyRow): Record<string, Json> {
  return Object.fromEntries(Object.entries(fields).map(([name, read]) => [name, read(row)]));
}

/** A key as programs read it (`keyctl help json`, record "key"): the same in lists, show and lineage. */
export function plannedKeyRecord(row: PlannedKey): Record<string, Json> {
  const plan = Object.entries(planFields).map(([name, read]) => [name, read(row)]);
  return { ...keyRecord(row), ...Object.fromEntries(plan) };
}
