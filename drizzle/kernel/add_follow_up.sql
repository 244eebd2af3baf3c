-- Adds what is still to be done about an incident, with who does it and by when; also to a closed one. Outcome: `added`.
create or replace function keyctl.add_follow_up(
  p_operation uuid, p_context jsonb, p_incident_id text, p_title text, p_owner text, p_due_on date
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  v_id text := 'fup_' || keyctl.random_locator();
  v_title text := keyctl.check_line('title', p_title, 300);
  v_owner text := keyctl.check_line('owner', p_owner, 200);
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.follow_up_added', null);
  if v_answer is not null then
    return v_answer;
  elsif p_due_on is null then
    raise exception using errcode = 'KC422', message = 'a follow-up is due on a day';
  end if;
  insert into keyctl.incident_follow_ups (follow_up_id, incident_id, title, owner, due_on)
  values (v_id, i.incident_id, v_title, v_owner, p_due_on);
  v_answer := jsonb_build_object('outcome', 'added', 'incident_id', i.incident_id, 'follow_up_id', v_id, 'title', v_title,
    'owner', v_owner, 'due_on', p_due_on);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.follow_up_added', null, null, v_title,
    jsonb_build_object('follow_up_id', v_id, 'title', v_title, 'owner', v_owner, 'due_on', p_due_on), v_answer));
end $$;

revoke all on function keyctl.add_follow_up from public;
grant execute on function keyctl.add_follow_up to keyctl_operator;
