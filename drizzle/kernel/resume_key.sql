-- Ends a suspension: the key goes back to where it was. Outcomes: `resumed`, `not_suspended` (already usable or its
-- suspension ended by itself; nothing changed). A dead or pending key is refused (KC409).
create or replace function keyctl.resume_key(
  p_operation uuid, p_context jsonb, p_key_id text, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  v_reason text := keyctl.check_reason(p_reason);
  v_before text;
  v_since timestamptz;
  v_answer jsonb;
begin
  select * into k from keyctl.api_keys where id = p_key_id for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'key.resumed', p_key_id);
  if v_answer is not null then
    return v_answer;
  end if;

  v_before := keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
    k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, clock_timestamp());
  if v_before in ('pending', 'revoked', 'replaced') then
    raise exception using errcode = 'KC409', message = format('%s is %s and cannot be resumed', k.id, v_before);
  elsif v_before <> 'suspended' then
    return jsonb_build_object('outcome', 'not_suspended', 'key_id', k.id, 'status', v_before, 'audit_seq', null, 'repeated', false);
  end if;

  v_since := k.suspended_at;
  update keyctl.api_keys
  set status = suspended_from, suspended_at = null, suspended_from = null, suspended_until = null, suspension_reason = null
  where id = p_key_id
  returning * into k;

  v_answer := jsonb_build_object('outcome', 'resumed', 'key_id', k.id, 'status', k.status);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'key.resumed', k.id, k.family_id, v_reason,
    jsonb_build_object('suspended_at', v_since), v_answer));
end $$;

revoke all on function keyctl.resume_key from public;
grant execute on function keyctl.resume_key to keyctl_operator;
