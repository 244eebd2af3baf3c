-- Every key that is active now, and when it has to be rotated: `due_at` (null: never by itself) and why (`due_cause`):
-- weak (only a digest proves it: at once), policy (its age), expiry (it renews itself, a week ahead or in the second half
-- of a short life). `left_out` says why nobody rotates it by date all the same. Asked by `keys list --due`, `rotate due`
-- and, again under the lock, by rotate_prepare.
create or replace view keyctl.rotation_plan as
select
  k.id as key_id, k.family_id, k.version, k.name, k.prefix, k.policy, k.environment, k.activated_at, k.expires_at,
  p.rotate_every_seconds, p.grace_seconds, p.keep_previous,
  case when w.weak then k.created_at else least(w.by_policy, w.by_expiry) end as due_at,
  case
    when w.weak then 'weak'
    when w.by_expiry <= w.by_policy or w.by_policy is null and w.by_expiry is not null then 'expiry'
    when w.by_policy is not null then 'policy'
  end as due_cause,
  case
    when k.exempt_reason is not null then 'exempt'
    when k.decoy then 'decoy'
    when k.retire_on is not null then 'retirement_planned'
    when k.verifier is null and k.digest is null then 'no_secret'
  end as left_out,
  k.exempt_reason
from keyctl.api_keys k
cross join lateral keyctl.policy_for(k.policy, k.environment) p
cross join lateral (
  select
    k.verifier is null and k.digest is not null as weak,
    k.activated_at + make_interval(secs => p.rotate_every_seconds) as by_policy,
    case when k.on_expiry = 'renew' then k.expires_at - least(interval '7 days', (k.expires_at - k.activated_at) / 2) end as by_expiry
) w
where k.status in ('active', 'suspended')
  and keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until, k.usable_until,
    k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, statement_timestamp()) = 'active';
