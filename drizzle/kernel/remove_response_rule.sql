-- Takes a response away; what it did already stays as it is. Outcome: `removed`. KC404 when there is none of that name.
create or replace function keyctl.remove_response_rule(p_operation uuid, p_context jsonb, p_name text, p_reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_reason text := keyctl.check_reason(p_reason);
  v_before jsonb;
  v_answer jsonb;
  o keyctl.response_rules;
begin
  perform from keyctl.detection_state for update;
  v_answer := keyctl.prior_answer(p_operation, 'policy.set', null);
  if v_answer is not null then
    return v_answer;
  end if;
  delete from keyctl.response_rules where rule_name = p_name returning * into o;
  if not found then
    raise exception using errcode = 'KC404', message = format('no such response: %s', p_name);
  end if;
  v_before := to_jsonb(o) - array['rule_name', 'set_at', 'set_by'];
  v_answer := jsonb_build_object('outcome', 'removed', 'name', p_name, 'before', v_before, 'after', '{}'::jsonb);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'policy.set', null, null, v_reason,
    jsonb_build_object('response_rule', p_name, 'before', v_before, 'after', null), v_answer));
end $$;

revoke all on function keyctl.remove_response_rule from public;
grant execute on function keyctl.remove_response_rule to keyctl_admin;
