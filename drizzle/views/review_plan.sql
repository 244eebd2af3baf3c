-- Every key with access, and when that has to be reviewed: the key's own interval or its policy's, the shorter one; null
-- `due_at`: nobody asked for reviews. Counted from the last review, else from when its family began: a rotation is no review,
-- and a key that is rotated as often as it is to be reviewed would never be.
create or replace view keyctl.review_plan as
select
  k.id as key_id, k.family_id, k.policy, k.environment, k.reviewed_at,
  least(k.review_every_seconds, p.review_every_seconds) as review_every_seconds,
  s.since + make_interval(secs => least(k.review_every_seconds, p.review_every_seconds)) as due_at
from keyctl.api_keys k
cross join lateral keyctl.policy_for(k.policy, k.environment) p
cross join lateral (
  select coalesce(k.reviewed_at, (select f.activated_at from keyctl.api_keys f where f.id = k.family_id), k.activated_at) as since
) s
where k.status in ('active', 'suspended') and k.replaced_by is null and not k.decoy
  and keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until, k.usable_until,
    k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, statement_timestamp()) in ('active', 'suspended');
