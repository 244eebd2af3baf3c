-- Since when a key is refused: revoked, replaced, expired or suspended; null while it is usable, or not usable yet.
create or replace function keyctl.dead_since(k keyctl.api_keys, p_at timestamptz) returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until, k.usable_until,
      k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, p_at)
    when 'revoked' then coalesce(k.revoked_at, k.usable_until)
    when 'replaced' then coalesce(k.usable_until, k.replaced_at)
    when 'suspended' then k.suspended_at
    when 'expired' then k.expires_at
  end
$$;

revoke all on function keyctl.dead_since from public;
grant execute on function keyctl.dead_since to keyctl_viewer;
