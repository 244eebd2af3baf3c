CREATE SCHEMA "keyctl";
--> statement-breakpoint
CREATE TABLE "keyctl"."api_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"external_id" text,
	"digest" "bytea",
	"name" text NOT NULL,
	"prefix" text,
	"status" text NOT NULL,
	"version" integer NOT NULL,
	"family_id" text NOT NULL,
	"replaces" text,
	"replaced_by" text,
	"owner_id" text,
	"origin" text DEFAULT 'issued' NOT NULL,
	"workspace_id" text,
	"workspace_access" text[] DEFAULT '{}' NOT NULL,
	"scopes" text[] DEFAULT '{}' NOT NULL,
	"level" text,
	"models" text[] DEFAULT '{}' NOT NULL,
	"features" text[] DEFAULT '{}' NOT NULL,
	"environment" text,
	"used_by" text[] DEFAULT '{}' NOT NULL,
	"description" text,
	"justification" text,
	"allowed_ips" "inet"[] DEFAULT '{}' NOT NULL,
	"rpm" integer,
	"rph" integer,
	"burst" integer,
	"concurrency" integer,
	"quota_requests" bigint,
	"quota_tokens" bigint,
	"budget_usd" numeric(14, 6),
	"budget_alerts" integer[] DEFAULT '{}' NOT NULL,
	"auto_suspend" boolean DEFAULT false NOT NULL,
	"billing_contact" text,
	"review_every_seconds" integer,
	"reviewed_at" timestamp(6) with time zone,
	"on_expiry" text DEFAULT 'end' NOT NULL,
	"policy" text,
	"exempt_reason" text,
	"decoy" boolean DEFAULT false NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"created_by" text NOT NULL,
	"activated_at" timestamp(6) with time zone,
	"delivered_to" text[] DEFAULT '{}' NOT NULL,
	"usable_until" timestamp(6) with time zone,
	"retire_on" timestamp(6) with time zone,
	"retire_reason" text,
	"suspended_at" timestamp(6) with time zone,
	"suspended_until" timestamp(6) with time zone,
	"suspended_from" text,
	"suspension_reason" text,
	"expires_at" timestamp(6) with time zone,
	"replaced_at" timestamp(6) with time zone,
	"revoked_at" timestamp(6) with time zone,
	"revoked_by" text,
	"revocation_reason" text,
	"revocation_code" text,
	"last_used_at" timestamp(6) with time zone,
	"salt" "bytea",
	"verifier" "bytea",
	"hash_scheme" smallint,
	"fingerprint" text,
	CONSTRAINT "api_keys_external_id_key" UNIQUE("external_id"),
	CONSTRAINT "api_keys_digest_key" UNIQUE("digest"),
	CONSTRAINT "api_keys_family_version_key" UNIQUE("family_id","version"),
	CONSTRAINT "api_keys_replaces_key" UNIQUE("replaces"),
	CONSTRAINT "api_keys_replaced_by_key" UNIQUE("replaced_by"),
	CONSTRAINT "api_keys_id_form" CHECK ("keyctl"."api_keys"."id" ~ '^key_[0-9A-Za-z]{12}$'),
	CONSTRAINT "api_keys_status_known" CHECK ("keyctl"."api_keys"."status" in ('pending', 'active', 'retiring', 'suspended', 'replaced', 'revoked')),
	CONSTRAINT "api_keys_version_counts" CHECK ("keyctl"."api_keys"."version" >= 1),
	CONSTRAINT "api_keys_origin_known" CHECK ("keyctl"."api_keys"."origin" in ('issued', 'imported', 'adopted')),
	CONSTRAINT "api_keys_revoked_whole" CHECK (("keyctl"."api_keys"."status" = 'revoked') = ("keyctl"."api_keys"."revoked_at" is not null)),
	CONSTRAINT "api_keys_revoked_reason" CHECK ("keyctl"."api_keys"."revoked_at" is null or "keyctl"."api_keys"."revocation_reason" is not null),
	CONSTRAINT "api_keys_suspended_whole" CHECK (("keyctl"."api_keys"."status" = 'suspended') = ("keyctl"."api_keys"."suspended_from" is not null)),
	CONSTRAINT "api_keys_verifier_whole" CHECK (("keyctl"."api_keys"."verifier" is null) = ("keyctl"."api_keys"."salt" is null) and ("keyctl"."api_keys"."verifier" is null) = ("keyctl"."api_keys"."hash_scheme" is null)),
	CONSTRAINT "api_keys_issued_verified" CHECK ("keyctl"."api_keys"."origin" <> 'issued' or ("keyctl"."api_keys"."verifier" is not null and "keyctl"."api_keys"."fingerprint" is not null))
);
--> statement-breakpoint
CREATE TABLE "keyctl"."audit_head" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"seq" bigint NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "audit_head_one_row" CHECK ("keyctl"."audit_head"."one")
);
--> statement-breakpoint
CREATE TABLE "keyctl"."audit_log" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"at" timestamp(6) with time zone NOT NULL,
	"operation_id" uuid NOT NULL,
	"action" text NOT NULL,
	"key_id" text,
	"family_id" text,
	"incident_id" text,
	"actor_db" text NOT NULL,
	"actor_os" text,
	"actor_claimed" text,
	"host" text,
	"reason" text,
	"record" text NOT NULL,
	"prev_hash" "bytea" NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "audit_log_operation_key" UNIQUE NULLS NOT DISTINCT("operation_id","action","key_id"),
	CONSTRAINT "audit_log_action_form" CHECK ("keyctl"."audit_log"."action" ~ '^[a-z]+\.[a-z_]+$')
);
--> statement-breakpoint
CREATE TABLE "keyctl"."installation" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"database_id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"schema_fingerprint" text,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "installation_one_row" CHECK ("keyctl"."installation"."one")
);
--> statement-breakpoint
CREATE TABLE "keyctl"."ip_blocks" (
	"block_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"cidr" "inet" NOT NULL,
	"reason" text NOT NULL,
	"blocked_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"blocked_by" text NOT NULL,
	"blocked_until" timestamp(6) with time zone,
	"unblocked_at" timestamp(6) with time zone,
	"unblocked_by" text,
	"unblock_reason" text
);
--> statement-breakpoint
CREATE TABLE "keyctl"."owners" (
	"owner_id" text PRIMARY KEY NOT NULL,
	"email" text,
	"name" text,
	"user_id" text,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"forgotten_at" timestamp(6) with time zone,
	CONSTRAINT "owners_email_key" UNIQUE("email"),
	CONSTRAINT "owners_email_lower" CHECK ("keyctl"."owners"."email" = lower("keyctl"."owners"."email"))
);
--> statement-breakpoint
ALTER TABLE "keyctl"."api_keys" ADD CONSTRAINT "api_keys_owner_id_owners_owner_id_fk" FOREIGN KEY ("owner_id") REFERENCES "keyctl"."owners"("owner_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_one_active" ON "keyctl"."api_keys" USING btree ("family_id") WHERE status = 'active' or (status = 'suspended' and suspended_from = 'active');--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_one_pending" ON "keyctl"."api_keys" USING btree ("family_id") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "api_keys_name_idx" ON "keyctl"."api_keys" USING btree ("name");--> statement-breakpoint
CREATE INDEX "api_keys_owner_idx" ON "keyctl"."api_keys" USING btree ("owner_id");--> statement-breakpoint
CREATE INDEX "api_keys_workspace_idx" ON "keyctl"."api_keys" USING btree ("workspace_id");--> statement-breakpoint
CREATE INDEX "api_keys_fingerprint_idx" ON "keyctl"."api_keys" USING btree ("fingerprint");--> statement-breakpoint
CREATE UNIQUE INDEX "audit_log_one_created" ON "keyctl"."audit_log" USING btree ("operation_id") WHERE action = 'key.created';--> statement-breakpoint
CREATE INDEX "audit_log_key_idx" ON "keyctl"."audit_log" USING btree ("key_id","seq");--> statement-breakpoint
CREATE INDEX "audit_log_family_idx" ON "keyctl"."audit_log" USING btree ("family_id","seq");--> statement-breakpoint
CREATE INDEX "audit_log_at_idx" ON "keyctl"."audit_log" USING btree ("at");--> statement-breakpoint
CREATE UNIQUE INDEX "ip_blocks_one_open" ON "keyctl"."ip_blocks" USING btree ("cidr") WHERE unblocked_at is null;--> statement-breakpoint
CREATE INDEX "owners_user_id_idx" ON "keyctl"."owners" USING btree ("user_id");