-- Leaves a step out. Without a reason a required one keeps the incident from being closed; a reason can be given later, by
-- skipping it again. Outcomes: `skipped`, `already_skipped`, `already_done`. A step that another run is at is not skipped (KC409).
create or replace function keyctl.skip_step(
  p_operation uuid, p_context jsonb, p_incident_id text, p_step text, p_holder text, p_reason text default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  s keyctl.incident_steps;
  v_reason text := case when p_reason is not null then keyctl.check_reason(p_reason) end;
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.step_skipped', null);
  if v_answer is not null then
    return v_answer;
  end if;
  select * into s from keyctl.incident_steps where incident_id = i.incident_id and step = p_step;
  if s.state = 'done' or s.state = 'skipped' and (v_reason is null or v_reason = s.reason) then
    return jsonb_build_object('outcome', 'already_' || s.state, 'incident_id', i.incident_id, 'step', p_step, 'reason', s.reason,
      'audit_seq', null, 'repeated', false);
  elsif i.state = 'closed' then
    raise exception using errcode = 'KC409', message = format('%s is closed', i.incident_id);
  elsif i.playbook is null then
    raise exception using errcode = 'KC409', message = format('the walkthrough of %s has not begun', i.incident_id);
  elsif not exists (select from jsonb_array_elements(i.playbook -> 'steps') p where p ->> 'name' = p_step) then
    raise exception using errcode = 'KC404', message = format('%s: no such step in the playbook of %s', left(p_step, 40), i.incident_id);
  elsif s.state = 'running' and s.holder is distinct from p_holder then
    raise exception using errcode = 'KC409', message = format('%s is under way by %s: take it over first', p_step, s.taken_by);
  end if;
  insert into keyctl.incident_steps (incident_id, step, state, operation_id, taken_by, holder, finished_at, finished_by, reason)
  values (i.incident_id, p_step, 'skipped', p_operation, keyctl.who_is(p_context), p_holder, clock_timestamp(), keyctl.who_is(p_context), v_reason)
  on conflict (incident_id, step) do update set state = 'skipped', finished_at = excluded.finished_at,
    finished_by = excluded.finished_by, reason = excluded.reason;
  v_answer := jsonb_build_object('outcome', 'skipped', 'incident_id', i.incident_id, 'step', p_step, 'reason', v_reason);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.step_skipped', null, null, v_reason,
    jsonb_build_object('step', p_step), v_answer));
end $$;

revoke all on function keyctl.skip_step from public;
grant execute on function keyctl.skip_step to keyctl_operator;
