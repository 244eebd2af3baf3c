-- Revokes one key, at once and for good. Outcomes: `revoked`; `already_revoked` (nothing is restamped: the first
-- time, actor and reason are answered); `already_replaced` (its life ended by rotation). The same operation again
-- gets its first answer. A pending key can be revoked too: it then never becomes usable.
create or replace function keyctl.revoke_key(
  p_operation uuid, p_context jsonb, p_key_id text, p_reason text, p_code text default 'other'
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  v_before text;
  v_answer jsonb;
begin
  select * into k from keyctl.api_keys where id = p_key_id for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'key.revoked', p_key_id);
  if v_answer is not null then
    return v_answer;
  end if;

  v_before := keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
    k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, clock_timestamp());
  if k.status = 'revoked' then
    return jsonb_build_object('outcome', 'already_revoked', 'key_id', k.id, 'revoked_at', k.revoked_at,
      'revoked_by', k.revoked_by, 'reason', k.revocation_reason, 'successor_id', k.replaced_by, 'audit_seq', null, 'repeated', false);
  elsif v_before = 'replaced' or k.status = 'replaced' then
    return jsonb_build_object('outcome', 'already_replaced', 'key_id', k.id, 'revoked_at', null, 'revoked_by', null,
      'reason', null, 'successor_id', k.replaced_by, 'audit_seq', null, 'repeated', false);
  end if;

  if p_code is null or p_code not in ('leaked', 'departed', 'policy', 'abuse', 'superseded', 'mistake', 'other') then
    raise exception using errcode = 'KC422', message = 'the code is one of leaked, departed, policy, abuse, superseded, mistake, other';
  end if;
  update keyctl.api_keys
  set status = 'revoked', revoked_at = clock_timestamp(), revoked_by = session_user,
      revocation_reason = keyctl.check_reason(p_reason), revocation_code = p_code,
      suspended_at = null, suspended_from = null, suspended_until = null, suspension_reason = null
  where id = p_key_id
  returning * into k;

  v_answer := jsonb_build_object('outcome', 'revoked', 'key_id', k.id, 'revoked_at', k.revoked_at,
    'revoked_by', k.revoked_by, 'reason', k.revocation_reason, 'successor_id', k.replaced_by);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'key.revoked', k.id, k.family_id, k.revocation_reason,
    jsonb_build_object('code', p_code, 'status_before', v_before, 'fingerprint', k.fingerprint), v_answer));
end $$;

revoke all on function keyctl.revoke_key from public;
grant execute on function keyctl.revoke_key to keyctl_operator;
