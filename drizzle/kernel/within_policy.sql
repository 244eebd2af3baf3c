-- The expiry of a key as policy and environment allow it (policies.expires_within_seconds, counted from now): one that was
-- asked for and lies later, `never` included, is refused (KC422); one that was not asked for is cut, and set where there
-- is none. p_new: a key in the making; an existing one is looked at only when its expiry, policy or environment is set, so
-- that a change of something else never shortens a life.
create or replace function keyctl.within_policy(n keyctl.api_keys, p_settings jsonb, p_new boolean) returns timestamptz
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_asked boolean := p_settings ?| array['expires_at', 'expires_in_seconds'];
  v_latest timestamptz;
begin
  if not (p_new or v_asked or p_settings ?| array['policy', 'environment']) then
    return n.expires_at;
  end if;
  select clock_timestamp() + make_interval(secs => p.expires_within_seconds) into v_latest
  from keyctl.policy_for(n.policy, n.environment) p;
  if v_asked and v_latest is not null and (n.expires_at is null or n.expires_at > v_latest) then
    raise exception using errcode = 'KC422', message = format('--expires: its policy allows no expiry after %s',
      to_char(v_latest at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
  end if;
  return least(n.expires_at, v_latest);
end $$;

revoke all on function keyctl.within_policy from public;
