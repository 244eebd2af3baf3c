-- Changes settings of a living key and answers the values before and after. A dead key keeps its last settings
-- (KC409): its record is history. What is given and equal already changes nothing (`unchanged`).
create or replace function keyctl.update_key(
  p_operation uuid, p_context jsonb, p_key_id text, p_settings jsonb, p_owner jsonb, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  n keyctl.api_keys;
  v_reason text := keyctl.check_reason(p_reason);
  v_status text;
  v_owner jsonb;
  v_renamed boolean := false;
  v_before jsonb;
  v_after jsonb;
  v_answer jsonb;
begin
  select * into k from keyctl.api_keys where id = p_key_id for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'key.updated', p_key_id);
  if v_answer is not null then
    return v_answer;
  end if;
  v_status := keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
    k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, clock_timestamp());
  if v_status in ('revoked', 'replaced') then
    raise exception using errcode = 'KC409', message = format('%s is %s: its settings are history', k.id, v_status);
  end if;

  n := keyctl.with_settings(k, p_settings);
  n.expires_at := keyctl.within_policy(n, p_settings, false);
  if p_owner ->> 'email' is not null then
    select to_jsonb(o) into v_owner from keyctl.owners o where o.email = lower(p_owner ->> 'email');
    n.owner_id := keyctl.register_owner(p_owner ->> 'email', p_owner ->> 'name', p_owner ->> 'user_id');
    -- A known person whose name or user id changes: that is a change too, and leaves its row.
    v_renamed := v_owner is not null and v_owner is distinct from (select to_jsonb(o) from keyctl.owners o where o.owner_id = n.owner_id);
  end if;

  select coalesce(jsonb_object_agg(o.key, o.value), '{}'), coalesce(jsonb_object_agg(o.key, w.value), '{}')
    into v_before, v_after
  from jsonb_each(to_jsonb(k)) o join jsonb_each(to_jsonb(n)) w using (key)
  where o.value is distinct from w.value;
  -- The chain keeps nothing personal: of an owner's details and a billing contact only that they changed.
  if v_renamed then
    v_before := v_before || '{"owner_details": "(not kept in the record)"}';
    v_after := v_after || '{"owner_details": "(not kept in the record)"}';
  end if;
  if v_after = '{}' then
    return jsonb_build_object('outcome', 'unchanged', 'key_id', k.id, 'before', v_before, 'after', v_after, 'audit_seq', null, 'repeated', false);
  end if;

  update keyctl.api_keys set
    name = n.name, owner_id = n.owner_id, workspace_id = n.workspace_id, workspace_access = n.workspace_access,
    scopes = n.scopes, level = n.level, models = n.models, features = n.features, environment = n.environment,
    used_by = n.used_by, description = n.description, justification = n.justification, allowed_ips = n.allowed_ips,
    rpm = n.rpm, rph = n.rph, burst = n.burst, concurrency = n.concurrency, quota_requests = n.quota_requests,
    quota_tokens = n.quota_tokens, budget_usd = n.budget_usd, billing_contact = n.billing_contact,
    expires_at = n.expires_at, decoy = n.decoy, policy = n.policy, exempt_reason = n.exempt_reason,
    on_expiry = n.on_expiry, review_every_seconds = n.review_every_seconds, budget_alerts = n.budget_alerts,
    auto_suspend = n.auto_suspend
  where id = p_key_id;

  if v_after ? 'billing_contact' then
    v_before := v_before || '{"billing_contact": "(not kept in the record)"}';
    v_after := v_after || '{"billing_contact": "(not kept in the record)"}';
  end if;
  v_answer := jsonb_build_object('outcome', 'updated', 'key_id', k.id, 'before', v_before, 'after', v_after);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'key.updated', k.id, k.family_id, v_reason,
    jsonb_build_object('before', v_before, 'after', v_after), v_answer));
end $$;

revoke all on function keyctl.update_key from public;
grant execute on function keyctl.update_key to keyctl_operator;
