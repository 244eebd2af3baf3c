CREATE TABLE "keyctl"."policies" (
	"name" text PRIMARY KEY NOT NULL,
	"applies_to" text NOT NULL,
	"rotate_every_seconds" bigint,
	"grace_seconds" bigint,
	"keep_previous" boolean,
	"review_every_seconds" bigint,
	"expires_within_seconds" bigint,
	"set_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"set_by" text DEFAULT session_user NOT NULL,
	CONSTRAINT "policies_applies_to_known" CHECK ("keyctl"."policies"."applies_to" in ('policy', 'environment')),
	CONSTRAINT "policies_positive" CHECK (least("keyctl"."policies"."rotate_every_seconds", "keyctl"."policies"."review_every_seconds", "keyctl"."policies"."expires_within_seconds") > 0 and coalesce("keyctl"."policies"."grace_seconds", 0) >= 0)
);
--> statement-breakpoint
CREATE TABLE "keyctl"."rotations" (
	"rotation_id" text PRIMARY KEY NOT NULL,
	"operation_id" uuid NOT NULL,
	"family_id" text NOT NULL,
	"old_key_id" text NOT NULL,
	"new_key_id" text NOT NULL,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"grace_seconds" bigint,
	"compromised" boolean DEFAULT false NOT NULL,
	"force" boolean DEFAULT false NOT NULL,
	"deliver_to" text[] DEFAULT '{}' NOT NULL,
	"commit_pending" boolean DEFAULT false NOT NULL,
	"prepared_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"prepared_by" text DEFAULT session_user NOT NULL,
	"activated_at" timestamp(6) with time zone,
	"finalized_at" timestamp(6) with time zone,
	"aborted_at" timestamp(6) with time zone,
	CONSTRAINT "rotations_new_key_id_key" UNIQUE("new_key_id"),
	CONSTRAINT "rotations_kind_known" CHECK ("keyctl"."rotations"."kind" in ('rotate', 'replace', 'reissue')),
	CONSTRAINT "rotations_id_form" CHECK ("keyctl"."rotations"."rotation_id" ~ '^rot_[0-9A-Za-z]{12}$')
);
--> statement-breakpoint
CREATE INDEX "rotations_family_idx" ON "keyctl"."rotations" USING btree ("family_id");--> statement-breakpoint
CREATE INDEX "rotations_old_key_idx" ON "keyctl"."rotations" USING btree ("old_key_id");--> statement-breakpoint
CREATE INDEX "rotations_open_idx" ON "keyctl"."rotations" USING btree ("prepared_at") WHERE finalized_at is null and aborted_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_one_retiring" ON "keyctl"."api_keys" USING btree ("family_id") WHERE status = 'retiring' or (status = 'suspended' and suspended_from = 'retiring');--> statement-breakpoint
ALTER TABLE "keyctl"."api_keys" ADD CONSTRAINT "api_keys_on_expiry_known" CHECK ("keyctl"."api_keys"."on_expiry" in ('end', 'suspend', 'renew'));