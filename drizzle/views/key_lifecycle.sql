-- The life of every key that was ever usable, in the words of the systems that keyctl takes over from (see audit_events).
-- A key that was replaced reads `replaced` from the moment it has a successor, and revoked_at is its end then: of the
-- grace, which may still be to come; null while it is kept until the next rotation.
create or replace view keyctl.key_lifecycle as
select
  coalesce(k.external_id, k.id) as subkey, o.user_id,
  case when v.status = 'retiring' then 'replaced' else v.status end as status,
  case
    when v.status = 'revoked' then coalesce(k.revoked_at, k.usable_until)
    when v.status in ('retiring', 'replaced') then k.usable_until
  end as revoked_at,
  case
    when v.status = 'revoked' then coalesce(k.revocation_reason, k.retire_reason)
    when v.status in ('retiring', 'replaced') then coalesce(k.revocation_reason, r.reason)
  end as revoke_reason,
  coalesce(a.external_id, k.replaced_by) as replaced_by,
  coalesce(b.external_id, k.replaces) as replaces
from keyctl.api_keys k
cross join lateral (
  select keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until, k.usable_until,
    k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, statement_timestamp()) as status
) v
left join keyctl.owners o on o.owner_id = k.owner_id
left join keyctl.api_keys a on a.id = k.replaced_by
left join keyctl.api_keys b on b.id = k.replaces
left join keyctl.rotations r on r.new_key_id = k.replaced_by and r.old_key_id = k.id
where v.status <> 'pending' and k.activated_at is not null;
