-- Every rotation with what is true of it now. `state`: pending (prepared, the successor is not usable yet), open (both
-- keys usable until grace_ends_at; null: until the next rotation), finalized (the old key is dead), aborted.
create or replace view keyctl.rotation_list as
select
  r.rotation_id, r.operation_id, r.family_id, r.old_key_id, r.new_key_id, r.kind, r.reason, r.grace_seconds, r.compromised,
  r.deliver_to, r.commit_pending, r.prepared_at, r.prepared_by, r.activated_at, r.finalized_at, r.aborted_at,
  o.name as old_name, o.version as old_version, o.fingerprint as old_fingerprint, o.status as old_status,
  n.name as new_name, n.version as new_version, n.fingerprint as new_fingerprint, n.status as new_status,
  case when o.status in ('retiring', 'suspended') then least(o.usable_until, o.expires_at) end as grace_ends_at,
  case
    when r.aborted_at is not null or r.activated_at is null and n.status = 'revoked' then 'aborted'
    when r.activated_at is null then 'pending'
    when r.finalized_at is null and o.replaced_by is not null and o.status in ('retiring', 'suspended') then 'open'
    else 'finalized'
  end as state,
  extract(epoch from statement_timestamp() - r.prepared_at)::double precision as age_seconds
from keyctl.rotations r
join keyctl.keys o on o.id = r.old_key_id
join keyctl.keys n on n.id = r.new_key_id;
