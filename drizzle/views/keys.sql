-- Every key without its secrets, with the status that is true now. The view runs with its owner's rights, so
-- that readers need no right on salt, verifier and digest; `weak` says that only a bare digest proves the key.
-- New columns are added at the end only (create or replace view allows nothing else).
create or replace view keyctl.keys as
select
  k.id, k.external_id, k.name, k.prefix, k.version, k.family_id, k.replaces, k.replaced_by, k.owner_id, k.origin,
  k.status as stored_status,
  keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until, k.usable_until,
    k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, statement_timestamp()) as status,
  k.workspace_id, k.workspace_access, k.scopes, k.level, k.models, k.features, k.environment, k.used_by, k.description,
  k.justification, k.allowed_ips, k.rpm, k.rph, k.burst, k.concurrency, k.quota_requests, k.quota_tokens, k.budget_usd,
  k.budget_alerts, k.auto_suspend, k.billing_contact, k.review_every_seconds, k.reviewed_at, k.on_expiry, k.policy,
  k.exempt_reason, k.decoy, k.created_at, k.created_by, k.activated_at, k.delivered_to, k.usable_until, k.retire_on,
  k.retire_reason, k.suspended_at, k.suspended_until, k.suspended_from, k.suspension_reason, k.expires_at, k.replaced_at,
  k.revoked_at, k.revoked_by, k.revocation_reason, k.revocation_code, k.last_used_at, k.hash_scheme, k.fingerprint,
  (k.verifier is null and k.digest is not null) as weak,
  (k.verifier is not null or k.digest is not null) as verifiable,
  case when k.replaced_by is null and k.revoked_at is null then keyctl.retirement_phase(k.retire_on, statement_timestamp()) end
    as retirement_phase
from keyctl.api_keys k;
