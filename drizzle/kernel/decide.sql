-- The one decision (DESIGN 4): would this key be accepted at that moment? `ok`, or the first of pending, revoked,
-- replaced, suspended, expired, ip_blocked, ip, workspace, scope, model, feature, budget, quota. By the database's
-- clock when no moment is given. What is not asked about (null) is not judged; no key at all is KC404.
create or replace function keyctl.decide(
  p_key_id text, p_at timestamptz default null, p_ip inet default null, p_scope text default null,
  p_workspace text default null, p_model text default null, p_feature text default null
) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  v_at timestamptz := coalesce(p_at, clock_timestamp());
  v_status text;
  v_spent record;
  v_ip inet := keyctl.plain_ip(p_ip);
begin
  select * into k from keyctl.api_keys where id = p_key_id;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key';
  end if;

  v_status := keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
    k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, v_at);
  if v_status not in ('active', 'retiring') then
    return v_status;
  end if;

  if v_ip is not null then
    if exists (
      select from keyctl.ip_blocks b
      where v_ip <<= b.cidr and b.blocked_at <= v_at
        and (b.blocked_until is null or v_at < b.blocked_until)
        and (b.unblocked_at is null or v_at < b.unblocked_at)
    ) then
      return 'ip_blocked';
    end if;
    if cardinality(k.allowed_ips) > 0 and not exists (select from unnest(k.allowed_ips) a where v_ip <<= a) then
      return 'ip';
    end if;
  end if;

  -- A key bound to no workspace works in all; one that is bound works there and where access was given.
  if p_workspace is not null and (k.workspace_id is not null or cardinality(k.workspace_access) > 0)
     and p_workspace is distinct from k.workspace_id and not p_workspace = any (k.workspace_access) then
    return 'workspace';
  end if;
  if p_scope is not null and not keyctl.scope_allows(k.scopes, p_scope) then
    return 'scope';
  end if;
  if p_model is not null and cardinality(k.models) > 0 and not p_model = any (k.models) then
    return 'model';
  end if;
  if p_feature is not null and cardinality(k.features) > 0 and not p_feature = any (k.features) then
    return 'feature';
  end if;

  if k.budget_usd is not null or k.quota_requests is not null or k.quota_tokens is not null then
    select * into v_spent from keyctl.spent(k.family_id, v_at);
    if v_spent.cost_usd >= k.budget_usd then
      return 'budget';
    end if;
    if v_spent.requests >= k.quota_requests or v_spent.tokens >= k.quota_tokens then
      return 'quota';
    end if;
  end if;
  return 'ok';
end $$;

revoke all on function keyctl.decide from public;
grant execute on function keyctl.decide to keyctl_viewer, keyctl_gateway;
