-- The linked keys of an incident that are let in now, or will be by themselves (a suspension with an end), in id order.
create or replace function keyctl.usable_linked(p_incident_id text) returns text[]
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(array_agg(k.id order by k.id), '{}')
  from keyctl.incident_keys l join keyctl.api_keys k on k.id = l.key_id
  where l.incident_id = p_incident_id
    and case keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until, k.usable_until,
          k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, clock_timestamp())
      when 'active' then true
      when 'retiring' then true
      when 'suspended' then k.suspended_until is not null
      else false
    end
$$;

revoke all on function keyctl.usable_linked from public;
grant execute on function keyctl.usable_linked to keyctl_viewer;
