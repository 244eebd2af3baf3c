-- Ends a pending key whose secret reached nobody: `revoked` with code `abandoned`; its id is never used again.
-- Outcomes: `abandoned`, `already_revoked` (nothing changed). A key that became usable is refused (KC409).
create or replace function keyctl.abandon_key(
  p_operation uuid, p_context jsonb, p_key_id text, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
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
  if k.status = 'revoked' then
    return jsonb_build_object('outcome', 'already_revoked', 'key_id', k.id, 'revoked_at', k.revoked_at, 'audit_seq', null, 'repeated', false);
  elsif k.status <> 'pending' then
    raise exception using errcode = 'KC409', message = format('%s is %s, not pending', k.id, k.status);
  end if;

  update keyctl.api_keys
  set status = 'revoked', revoked_at = clock_timestamp(), revoked_by = session_user,
      revocation_reason = keyctl.check_reason(p_reason), revocation_code = 'abandoned'
  where id = p_key_id
  returning * into k;

  v_answer := jsonb_build_object('outcome', 'abandoned', 'key_id', k.id, 'revoked_at', k.revoked_at);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'key.revoked', k.id, k.family_id, k.revocation_reason,
    jsonb_build_object('code', 'abandoned'), v_answer));
end $$;

revoke all on function keyctl.abandon_key from public;
grant execute on function keyctl.abandon_key to keyctl_operator;
