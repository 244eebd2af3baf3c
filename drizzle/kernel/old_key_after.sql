-- What an activation at p_from makes of the old key: {old_key_status, grace_ends_at}. Told to the caller when it is
-- prepared, because what goes to stdout is printed before the activation.
create or replace function keyctl.old_key_after(k keyctl.api_keys, p_status text, p_grace_seconds bigint, p_from timestamptz)
returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'old_key_status', case
      when k.status = 'revoked' then 'revoked'
      when p_status = 'active' and p_grace_seconds is distinct from 0 then 'retiring'
      else 'replaced' end,
    'grace_ends_at', case
      when p_status = 'active' and p_grace_seconds is distinct from 0
        then least(k.usable_until, k.expires_at, p_from + make_interval(secs => p_grace_seconds)) end)
$$;

revoke all on function keyctl.old_key_after from public;
