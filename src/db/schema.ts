import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  numeric,
  pgSchema,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

/**
 * The tables that are small and stay whole (DESIGN 8). drizzle-kit turns this file into `drizzle/0000_*.sql`;
 * what Drizzle's language cannot say (partitions, triggers, roles, grants) is in the hand-written migrations
 * beside it, and the usage tables are described for the query builder in `keys-view.ts`.
 */
export const keyctl = pgSchema('keyctl');

const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });
const inet = customType<{ data: string; driverData: string }>({ dataType: () => 'inet' });

const at = (name: string) => timestamp(name, { withTimezone: true, precision: 6, mode: 'string' });

/** One row: which database this is, for the CLI's memory of audit heads (DESIGN 6). */
export const installation = keyctl.table(
  'installation',
  {
    one: boolean('one').primaryKey().default(true),
    databaseId: uuid('database_id').notNull().defaultRandom(),
    /** Which `drizzle/` folder this database was last migrated with (`schemaFingerprint`). */
    schemaFingerprint: text('schema_fingerprint'),
    createdAt: at('created_at').notNull().default(sql`clock_timestamp()`),
  },
  (t) => [check('installation_one_row', sql`${t.one}`)],
);

/** Everything personal stands here and nowhere else, so that it can be forgotten; the chain holds `owner_id` only. */
export const owners = keyctl.table(
  'owners',
  {
    ownerId: text('owner_id').primaryKey(),
    email: text('email').unique('owners_email_key'),
    name: text('name'),
    userId: text('user_id'),
    createdAt: at('created_at').notNull().default(sql`clock_timestamp()`),
    forgottenAt: at('forgotten_at'),
  },
  (t) => [
    index('owners_user_id_idx').on(t.userId),
    check('owners_email_lower', sql`${t.email} = lower(${t.email})`),
  ],
);

export const apiKeys = keyctl.table(
  'api_keys',
  {
    id: text('id').primaryKey(),
    externalId: text('external_id').unique('api_keys_external_id_key'),
    digest: bytea('digest').unique('api_keys_digest_key'),
    name: text('name').notNull(),
    prefix: text('prefix'),
    status: text('status').notNull(),
    version: integer('version').notNull(),
    familyId: text('family_id').notNull(),
    replaces: text('replaces'),
    replacedBy: text('replaced_by'),
    ownerId: text('owner_id').references(() => owners.ownerId),
    origin: text('origin').notNull().default('issued'),

    workspaceId: text('workspace_id'),
    workspaceAccess: text('workspace_access').array().notNull().default([]),
    scopes: text('scopes').array().notNull().default([]),
    level: text('level'),
    models: text('models').array().notNull().default([]),
    features: text('features').array().notNull().default([]),
    environment: text('environment'),
    usedBy: text('used_by').array().notNull().default([]),
    description: text('description'),
    justification: text('justification'),
    allowedIps: inet('allowed_ips').array().notNull().default([]),
    rpm: integer('rpm'),
    rph: integer('rph'),
    burst: integer('burst'),
    concurrency: integer('concurrency'),
    quotaRequests: bigint('quota_requests', { mode: 'number' }),
    quotaTokens: bigint('quota_tokens', { mode: 'number' }),
    budgetUsd: numeric('budget_usd', { precision: 14, scale: 6 }),
    budgetAlerts: integer('budget_alerts').array().notNull().default([]),
    autoSuspend: boolean('auto_suspend').notNull().default(false),
    billingContact: text('billing_contact'),
    reviewEverySeconds: integer('review_every_seconds'),
    reviewedAt: at('reviewed_at'),
    onExpiry: text('on_expiry').notNull().default('end'),
    policy: text('policy'),
    exemptReason: text('exempt_reason'),
    decoy: boolean('decoy').notNull().default(false),

    createdAt: at('created_at').notNull().default(sql`clock_timestamp()`),
    createdBy: text('created_by').notNull(),
    activatedAt: at('activated_at'),
    deliveredTo: text('delivered_to').array().notNull().default([]),
    usableUntil: at('usable_until'),
    retireOn: at('retire_on'),
    retireReason: text('retire_reason'),
    suspendedAt: at('suspended_at'),
    suspendedUntil: at('suspended_until'),
    suspendedFrom: text('suspended_from'),
    suspensionReason: text('suspension_reason'),
    expiresAt: at('expires_at'),
    replacedAt: at('replaced_at'),
    revokedAt: at('revoked_at'),
    revokedBy: text('revoked_by'),
    revocationReason: text('revocation_reason'),
    revocationCode: text('revocation_code'),
    lastUsedAt: at('last_used_at'),

    salt: bytea('salt'),
    verifier: bytea('verifier'),
    hashScheme: smallint('hash_scheme'),
    fingerprint: text('fingerprint'),
  },
  (t) => [
    unique('api_keys_family_version_key').on(t.familyId, t.version),
    unique('api_keys_replaces_key').on(t.replaces),
    unique('api_keys_replaced_by_key').on(t.replacedBy),
    // A key suspended out of `active` still holds its family's one active place.
    uniqueIndex('api_keys_one_active')
      .on(t.familyId)
      .where(sql`status = 'active' or (status = 'suspended' and suspended_from = 'active')`),
    uniqueIndex('api_keys_one_pending').on(t.familyId).where(sql`status = 'pending'`),
    // With the one above: at most two keys of a family are usable, whatever the code does.
    uniqueIndex('api_keys_one_retiring')
      .on(t.familyId)
      .where(sql`status = 'retiring' or (status = 'suspended' and suspended_from = 'retiring')`),
    check('api_keys_on_expiry_known', sql`${t.onExpiry} in ('end', 'suspend', 'renew')`),
    index('api_keys_name_idx').on(t.name),
    index('api_keys_owner_idx').on(t.ownerId),
    index('api_keys_workspace_idx').on(t.workspaceId),
    index('api_keys_fingerprint_idx').on(t.fingerprint),
    check('api_keys_id_form', sql`${t.id} ~ '^key_[0-9A-Za-z]{12}$'`),
    check(
      'api_keys_status_known',
      sql`${t.status} in ('pending', 'active', 'retiring', 'suspended', 'replaced', 'revoked')`,
    ),
    check('api_keys_version_counts', sql`${t.version} >= 1`),
    check('api_keys_origin_known', sql`${t.origin} in ('issued', 'imported', 'adopted')`),
    check('api_keys_revoked_whole', sql`(${t.status} = 'revoked') = (${t.revokedAt} is not null)`),
    check('api_keys_revoked_reason', sql`${t.revokedAt} is null or ${t.revocationReason} is not null`),
    check('api_keys_suspended_whole', sql`(${t.status} = 'suspended') = (${t.suspendedFrom} is not null)`),
    check(
      'api_keys_verifier_whole',
      sql`(${t.verifier} is null) = (${t.salt} is null) and (${t.verifier} is null) = (${t.hashScheme} is null)`,
    ),
    check(
      'api_keys_issued_verified',
      sql`${t.origin} <> 'issued' or (${t.verifier} is not null and ${t.fingerprint} is not null)`,
    ),
  ],
);

/**
 * How long keys live: by name (a key says `policy`), and by environment (what a key's `environment` says). Of two that
 * apply, the shorter one counts (`keyctl.policy_for`). A null says nothing.
 */
export const policies = keyctl.table(
  'policies',
  {
    name: text('name').primaryKey(),
    appliesTo: text('applies_to').notNull(),
    rotateEverySeconds: bigint('rotate_every_seconds', { mode: 'number' }),
    graceSeconds: bigint('grace_seconds', { mode: 'number' }),
    /** The old key lives until the family's next rotation, or its own expiry. */
    keepPrevious: boolean('keep_previous'),
    reviewEverySeconds: bigint('review_every_seconds', { mode: 'number' }),
    /** No key lives longer than this after its creation. */
    expiresWithinSeconds: bigint('expires_within_seconds', { mode: 'number' }),
    setAt: at('set_at').notNull().default(sql`clock_timestamp()`),
    setBy: text('set_by').notNull().default(sql`session_user`),
  },
  (t) => [
    check('policies_applies_to_known', sql`${t.appliesTo} in ('policy', 'environment')`),
    check(
      'policies_positive',
      sql`least(${t.rotateEverySeconds}, ${t.reviewEverySeconds}, ${t.expiresWithinSeconds}) > 0 and coalesce(${t.graceSeconds}, 0) >= 0`,
    ),
  ],
);

/**
 * One row per rotation: which key replaces which, since when and why. Its id is that of the successor, `rot_` for
 * `key_`. What is true now (open, ended) is asked of the view `keyctl.rotation_list`.
 */
export const rotations = keyctl.table(
  'rotations',
  {
    rotationId: text('rotation_id').primaryKey(),
    operationId: uuid('operation_id').notNull(),
    familyId: text('family_id').notNull(),
    oldKeyId: text('old_key_id').notNull(),
    newKeyId: text('new_key_id').notNull().unique('rotations_new_key_id_key'),
    kind: text('kind').notNull(),
    reason: text('reason').notNull(),
    /** Null: the old key is kept until the next rotation. */
    graceSeconds: bigint('grace_seconds', { mode: 'number' }),
    compromised: boolean('compromised').notNull().default(false),
    /** Ends an older grace of the family when it is activated. */
    force: boolean('force').notNull().default(false),
    /** Where the secret was going, by the names of the sinks. */
    deliverTo: text('deliver_to').array().notNull().default([]),
    /** A sink still has to put the new secret into its place; the old key is usable until then. */
    commitPending: boolean('commit_pending').notNull().default(false),
    preparedAt: at('prepared_at').notNull().default(sql`clock_timestamp()`),
    preparedBy: text('prepared_by').notNull().default(sql`session_user`),
    activatedAt: at('activated_at'),
    finalizedAt: at('finalized_at'),
    abortedAt: at('aborted_at'),
  },
  (t) => [
    index('rotations_family_idx').on(t.familyId),
    index('rotations_old_key_idx').on(t.oldKeyId),
    // What is still under way: few rows, looked at by every `rotate due` and `rotate status`.
    index('rotations_open_idx').on(t.preparedAt).where(sql`finalized_at is null and aborted_at is null`),
    check('rotations_kind_known', sql`${t.kind} in ('rotate', 'replace', 'reissue')`),
    check('rotations_id_form', sql`${t.rotationId} ~ '^rot_[0-9A-Za-z]{12}$'`),
  ],
);

export const auditLog = keyctl.table(
  'audit_log',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey(),
    at: at('at').notNull(),
    operationId: uuid('operation_id').notNull(),
    action: text('action').notNull(),
    keyId: text('key_id'),
    familyId: text('family_id'),
    incidentId: text('incident_id'),
    actorDb: text('actor_db').notNull(),
    actorOs: text('actor_os'),
    actorClaimed: text('actor_claimed'),
    host: text('host'),
    reason: text('reason'),
    record: text('record').notNull(),
    prevHash: bytea('prev_hash').notNull(),
    hash: bytea('hash').notNull(),
  },
  (t) => [
    // One row per change of one key by one operation: this is what makes every change repeatable (F2).
    unique('audit_log_operation_key').on(t.operationId, t.action, t.keyId).nullsNotDistinct(),
    uniqueIndex('audit_log_one_created').on(t.operationId).where(sql`action = 'key.created'`),
    index('audit_log_key_idx').on(t.keyId, t.seq),
    index('audit_log_family_idx').on(t.familyId, t.seq),
    index('audit_log_at_idx').on(t.at),
    check('audit_log_action_form', sql`${t.action} ~ '^[a-z]+\\.[a-z_]+$'`),
  ],
);

/** The head of the chain: one row, locked FOR UPDATE by every change, always last (F38). */
export const auditHead = keyctl.table(
  'audit_head',
  {
    one: boolean('one').primaryKey().default(true),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    hash: bytea('hash').notNull(),
  },
  (t) => [check('audit_head_one_row', sql`${t.one}`)],
);

export const ipBlocks = keyctl.table(
  'ip_blocks',
  {
    blockId: uuid('block_id').primaryKey().defaultRandom(),
    cidr: inet('cidr').notNull(),
    reason: text('reason').notNull(),
    blockedAt: at('blocked_at').notNull().default(sql`clock_timestamp()`),
    blockedBy: text('blocked_by').notNull(),
    blockedUntil: at('blocked_until'),
    unblockedAt: at('unblocked_at'),
    unblockedBy: text('unblocked_by'),
    unblockReason: text('unblock_reason'),
  },
  (t) => [uniqueIndex('ip_blocks_one_open').on(t.cidr).where(sql`unblocked_at is null`)],
);
