-- Records that a key's token was seen where it must not stand (a log, a repository); changes nothing else, and the
-- token itself never comes here. Outcome: `exposed`.
create or replace function keyctl.report_exposure(
  p_operation uuid, p_context jsonb, p_key_id text, p_where text, p_times integer
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  v_answer jsonb;
begin
  select * into k from keyctl.api_keys where id = p_key_id for no key update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'key.exposed', p_key_id);
  if v_answer is not null then
    return v_answer;
  end if;
  v_answer := jsonb_build_object('outcome', 'exposed', 'key_id', k.id);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'key.exposed', k.id, k.family_id, null,
    jsonb_build_object('where', left(p_where, 500), 'times', p_times, 'fingerprint', k.fingerprint), v_answer));
end $$;

revoke all on function keyctl.report_exposure from public;
grant execute on function keyctl.report_exposure to keyctl_operator;
