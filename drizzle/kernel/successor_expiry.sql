-- When the successor of a key ends: what was asked for, else as far again as the old one when it renews itself, else the
-- old key's own end: a rotation gives nobody more time. Never later than the policy allows: what is asked for beyond it is
-- refused (KC422), the rest is cut. An end that has come already is refused (KC409).
--   p_options: {expires_at | expires_in_seconds}
create or replace function keyctl.successor_expiry(k keyctl.api_keys, p_options jsonb, p_now timestamptz)
returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_asked timestamptz := coalesce(
    (p_options ->> 'expires_at')::timestamptz,
    p_now + make_interval(secs => (p_options ->> 'expires_in_seconds')::double precision));
  v_latest timestamptz;
  v_end timestamptz;
begin
  select p_now + make_interval(secs => p.expires_within_seconds) into v_latest
  from keyctl.policy_for(k.policy, k.environment) p;
  if v_asked <= p_now then
    raise exception using errcode = 'KC422', message = 'an expiry lies in the future; to end a key now, revoke it';
  elsif v_asked > v_latest then
    raise exception using errcode = 'KC422', message = format('--expires: its policy allows no expiry after %s',
      to_char(v_latest at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
  end if;
  v_end := coalesce(v_asked, case
    when k.on_expiry = 'renew' then p_now + (k.expires_at - coalesce(k.activated_at, k.created_at))
    else k.expires_at
  end);
  if v_end <= p_now then
    raise exception using errcode = 'KC409', message = format('%s expired, and its successor would too: say until when with --expires', k.id);
  end if;
  return least(v_end, v_latest);
end $$;

revoke all on function keyctl.successor_expiry from public;
