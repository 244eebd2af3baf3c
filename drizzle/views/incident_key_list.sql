-- The keys of every incident: how each stands now, since when it is refused (null: it is not), and what was tried with it since.
-- On api_keys, because the view `keys` is made after this one.
create or replace view keyctl.incident_key_list as
select
  l.incident_id, r.id as key_id, r.name, r.version,
  keyctl.status_at(r.status, r.activated_at, r.suspended_at, r.suspended_from, r.suspended_until, r.usable_until,
    r.retire_on, r.replaced_at, r.replaced_by, r.expires_at, r.revoked_at, statement_timestamp()) as status, r.owner_id, l.reason, l.linked_at, l.linked_by,
  keyctl.dead_since(r, statement_timestamp()) as dead_since, r.suspended_until, r.replaced_by as successor_id, r.last_used_at,
  a.refused, a.accepted, a.last_attempt_at
from keyctl.incident_keys l
join keyctl.api_keys r on r.id = l.key_id
cross join lateral (
  select coalesce(sum(t.requests) filter (where not t.accepted), 0)::bigint as refused,
    coalesce(sum(t.requests) filter (where t.accepted), 0)::bigint as accepted, max(t.last_at) as last_attempt_at
  from keyctl.incident_attempts t where t.key_id = l.key_id
) a;
