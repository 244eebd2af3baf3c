-- Says that a follow-up is done. Outcomes: `done`, `already_done` (the first time and person stand).
create or replace function keyctl.finish_follow_up(p_operation uuid, p_context jsonb, p_follow_up_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents;
  f keyctl.incident_follow_ups;
  v_answer jsonb;
begin
  select * into f from keyctl.incident_follow_ups where follow_up_id = p_follow_up_id;
  if not found then
    raise exception using errcode = 'KC404', message = format('%s: no such follow-up', left(p_follow_up_id, 40));
  end if;
  i := keyctl.lock_incident(f.incident_id);
  v_answer := keyctl.prior_answer(p_operation, 'incident.follow_up_done', null);
  if v_answer is not null then
    return v_answer;
  end if;
  update keyctl.incident_follow_ups set done_at = clock_timestamp(), done_by = session_user
  where follow_up_id = f.follow_up_id and done_at is null returning * into f;
  if not found then
    select * into f from keyctl.incident_follow_ups where follow_up_id = p_follow_up_id;
    return jsonb_build_object('outcome', 'already_done', 'incident_id', f.incident_id, 'follow_up_id', f.follow_up_id,
      'done_at', f.done_at, 'done_by', f.done_by, 'audit_seq', null, 'repeated', false);
  end if;
  v_answer := jsonb_build_object('outcome', 'done', 'incident_id', f.incident_id, 'follow_up_id', f.follow_up_id,
    'done_at', f.done_at, 'done_by', f.done_by);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', f.incident_id), 'incident.follow_up_done', null, null, f.title,
    jsonb_build_object('follow_up_id', f.follow_up_id, 'owner', f.owner, 'due_on', f.due_on), v_answer));
end $$;

revoke all on function keyctl.finish_follow_up from public;
grant execute on function keyctl.finish_follow_up to keyctl_operator;
