-- A key with the settings of p_settings laid over it; only the columns named here can be set that way, and an
-- unknown one is refused (KC422) instead of being ignored. `expires_in_seconds` is an expiry counted from now by the
-- database's own clock (F13). The bounds are those of src/domain/settings.ts, which says them better and earlier;
-- here they hold for a bare psql too.
create or replace function keyctl.with_settings(k keyctl.api_keys, p_settings jsonb) returns keyctl.api_keys
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_known constant text[] := array['name', 'workspace_id', 'workspace_access', 'scopes', 'level', 'models', 'features',
    'environment', 'used_by', 'description', 'justification', 'allowed_ips', 'rpm', 'rph', 'burst', 'concurrency',
    'quota_requests', 'quota_tokens', 'budget_usd', 'billing_contact', 'expires_at', 'expires_in_seconds', 'decoy',
    'policy', 'exempt_reason', 'on_expiry', 'review_every_seconds', 'budget_alerts', 'auto_suspend'];
  v_unknown text;
  n keyctl.api_keys;
begin
  select field into v_unknown from jsonb_object_keys(p_settings) field where field <> all (v_known) limit 1;
  if v_unknown is not null then
    raise exception using errcode = 'KC422', message = format('%I is no setting of a key', v_unknown);
  end if;
  n := jsonb_populate_record(k, p_settings - 'expires_in_seconds');
  if p_settings ? 'expires_in_seconds' then
    if p_settings ? 'expires_at' then
      raise exception using errcode = 'KC422', message = 'an expiry is a moment or a span, not both';
    end if;
    n.expires_at := clock_timestamp() + make_interval(secs => (p_settings ->> 'expires_in_seconds')::double precision);
  end if;
  if p_settings ?| array['expires_at', 'expires_in_seconds'] and n.expires_at <= clock_timestamp() then
    raise exception using errcode = 'KC422', message = 'an expiry lies in the future; to end a key now, revoke it';
  end if;

  if n.name is null or p_settings ? 'name' and (btrim(n.name) = '' or length(n.name) > 200 or n.name ~ '[\x01-\x1f\x7f]') then
    raise exception using errcode = 'KC422', message = 'a key has a name: one line of 1 to 200 characters';
  end if;
  if num_nulls(n.decoy, n.auto_suspend, n.budget_alerts, n.scopes, n.workspace_access, n.models, n.features, n.used_by, n.allowed_ips) > 0 then
    raise exception using errcode = 'KC422', message = 'a list can be emptied, and a switch turned off, but not unset';
  end if;
  if least(n.rpm, n.rph, n.burst, n.concurrency, n.quota_requests, n.quota_tokens) < 1 or n.budget_usd <= 0 then
    raise exception using errcode = 'KC422', message = 'a limit, quota or budget is above 0; none is null';
  end if;
  if not 1 <= all (n.budget_alerts) or not 100 >= all (n.budget_alerts) then
    raise exception using errcode = 'KC422', message = 'a budget alert is raised at 1 to 100 percent';
  end if;
  if p_settings ->> 'level' not in ('read-only', 'standard', 'premium', 'admin')
     or p_settings ->> 'environment' not in ('production', 'staging', 'development') then
    raise exception using errcode = 'KC422', message = 'the level is one of read-only, standard, premium, admin; the environment one of production, staging, development';
  end if;
  if p_settings ->> 'policy' is not null
     and not exists (select from keyctl.policies p where p.name = n.policy and p.applies_to = 'policy') then
    raise exception using errcode = 'KC422', message = format('--policy: there is no policy of that name; known are %s',
      (select string_agg(p.name, ', ' order by p.name) from keyctl.policies p where p.applies_to = 'policy'));
  end if;
  if p_settings ? 'on_expiry' and (n.on_expiry is null or n.on_expiry not in ('end', 'suspend', 'renew')) then
    raise exception using errcode = 'KC422', message = 'on expiry a key does one of end, suspend, renew';
  elsif p_settings ->> 'review_every_seconds' is not null and n.review_every_seconds < 86400 then
    raise exception using errcode = 'KC422', message = 'a review is due at most once a day';
  elsif p_settings ->> 'exempt_reason' is not null then
    n.exempt_reason := keyctl.check_reason(n.exempt_reason);
  end if;
  return n;
end $$;

revoke all on function keyctl.with_settings from public;
