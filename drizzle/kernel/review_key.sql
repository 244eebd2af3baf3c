-- Writes down that the access of a key was reviewed, and does what was decided: `keep`; `narrow`, which may only take away
-- (scopes covered by those it has, networks inside those it works from, KC422 otherwise); `revoke`, by the rules of
-- revoke_key, with its row. A dead or pending key has no access to review (KC409).
--   p_settings: {scopes: [], allowed_ips: []} for narrow, else null
create or replace function keyctl.review_key(
  p_operation uuid, p_context jsonb, p_key_id text, p_decision text, p_settings jsonb, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  n keyctl.api_keys;
  v_reason text := keyctl.check_reason(p_reason);
  v_settings jsonb := coalesce(nullif(p_settings, 'null'), '{}');
  v_status text;
  v_wider text;
  v_before jsonb := '{}';
  v_after jsonb := '{}';
  v_now timestamptz;
  v_revoked jsonb;
  v_answer jsonb;
begin
  select * into k from keyctl.api_keys where id = p_key_id for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'key.reviewed', p_key_id);
  if v_answer is not null then
    return v_answer;
  end if;

  v_now := clock_timestamp();
  v_status := keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
    k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, v_now);
  if v_status in ('pending', 'revoked', 'replaced') then
    raise exception using errcode = 'KC409', message = format('%s is %s: it has no access to review', k.id, v_status);
  elsif p_decision is null or p_decision not in ('keep', 'narrow', 'revoke') then
    raise exception using errcode = 'KC422', message = 'the decision is one of keep, narrow, revoke';
  elsif p_decision <> 'narrow' and v_settings <> '{}' then
    raise exception using errcode = 'KC422', message = 'scopes and networks go with the decision narrow';
  elsif exists (select from jsonb_object_keys(v_settings) field where field not in ('scopes', 'allowed_ips')) then
    raise exception using errcode = 'KC422', message = 'a review narrows scopes and allowed_ips';
  end if;

  n := keyctl.with_settings(k, v_settings);
  if p_decision = 'narrow' then
    select s into v_wider from unnest(n.scopes) s where not keyctl.scope_allows(k.scopes, s) limit 1;
    if v_wider is not null then
      raise exception using errcode = 'KC422', message = format('--scope: %s would be more than it may now; a review only narrows', v_wider);
    end if;
    -- No network at all means every network.
    select host(a) || '/' || masklen(a) into v_wider from unnest(n.allowed_ips) a
    where cardinality(k.allowed_ips) > 0 and not exists (select from unnest(k.allowed_ips) o where a <<= o) limit 1;
    if cardinality(k.allowed_ips) > 0 and cardinality(n.allowed_ips) = 0 then
      v_wider := 'from everywhere';
    end if;
    if v_wider is not null then
      raise exception using errcode = 'KC422', message = format('--allow-ip: %s would be more than it may now; a review only narrows', v_wider);
    end if;
    select coalesce(jsonb_object_agg(o.key, o.value), '{}'), coalesce(jsonb_object_agg(o.key, w.value), '{}')
      into v_before, v_after
    from jsonb_each(to_jsonb(k)) o join jsonb_each(to_jsonb(n)) w using (key)
    where o.value is distinct from w.value;
    if v_after = '{}' then
      raise exception using errcode = 'KC422', message = 'this narrows nothing: say which scopes or networks are left, or decide to keep it';
    end if;
  end if;

  update keyctl.api_keys set reviewed_at = v_now, scopes = n.scopes, allowed_ips = n.allowed_ips where id = p_key_id;
  if p_decision = 'revoke' then
    v_revoked := keyctl.revoke_key(p_operation, p_context, p_key_id, v_reason, 'policy');
  end if;

  v_answer := jsonb_build_object('outcome', 'reviewed', 'key_id', k.id, 'decision', p_decision, 'reviewed_at', v_now,
    'before', v_before, 'after', v_after, 'revoked_at', v_revoked -> 'revoked_at',
    'next_review_at', case when p_decision <> 'revoke' then (select r.due_at from keyctl.review_plan r where r.key_id = k.id) end);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'key.reviewed', k.id, k.family_id, v_reason,
    jsonb_build_object('decision', p_decision, 'before', v_before, 'after', v_after, 'reviewed_at_before', k.reviewed_at,
      'fingerprint', k.fingerprint), v_answer));
end $$;

revoke all on function keyctl.review_key from public;
grant execute on function keyctl.review_key to keyctl_operator;
