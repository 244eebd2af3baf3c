-- Suspends an active or retiring key, reversibly; with p_for it ends by itself. A retiring key's grace goes on
-- running meanwhile. Outcomes: `suspended`, `already_suspended` (nothing changed). A dead or pending key is refused
-- (KC409).
create or replace function keyctl.suspend_key(
  p_operation uuid, p_context jsonb, p_key_id text, p_reason text, p_for interval default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  v_now timestamptz;
  v_before text;
  v_answer jsonb;
begin
  select * into k from keyctl.api_keys where id = p_key_id for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'key.suspended', p_key_id);
  if v_answer is not null then
    return v_answer;
  end if;

  v_now := clock_timestamp();
  v_before := keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
    k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, v_now);
  if v_before = 'suspended' then
    return jsonb_build_object('outcome', 'already_suspended', 'key_id', k.id, 'suspended_at', k.suspended_at,
      'suspended_until', k.suspended_until, 'reason', k.suspension_reason, 'audit_seq', null, 'repeated', false);
  elsif v_before in ('pending', 'revoked', 'replaced') then
    raise exception using errcode = 'KC409', message = format('%s is %s and cannot be suspended', k.id, v_before);
  elsif p_for <= interval '0' then
    raise exception using errcode = 'KC422', message = 'a suspension lasts longer than nothing';
  end if;

  -- A suspension that ended by itself is still in the columns: the key goes back to where it was before that one.
  update keyctl.api_keys
  set status = 'suspended', suspended_at = v_now, suspended_from = coalesce(k.suspended_from, k.status),
      suspended_until = v_now + p_for, suspension_reason = keyctl.check_reason(p_reason)
  where id = p_key_id
  returning * into k;

  v_answer := jsonb_build_object('outcome', 'suspended', 'key_id', k.id, 'suspended_at', k.suspended_at,
    'suspended_until', k.suspended_until, 'reason', k.suspension_reason);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'key.suspended', k.id, k.family_id, k.suspension_reason,
    jsonb_build_object('status_before', v_before), v_answer));
end $$;

revoke all on function keyctl.suspend_key from public;
grant execute on function keyctl.suspend_key to keyctl_operator;
