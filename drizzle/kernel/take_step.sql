-- Takes a step of the walkthrough, so that two people do not do it both. `step_operation_id` of the answer is the operation whose
-- changes this step makes: who takes it over, or comes back to it, asks under the same id and nothing is done twice. Outcomes:
--   taken        it is the caller's now
--   resumed      it was this run's already (p_holder), it was heard of again
--   held         another run has it since taken_at, and was heard of idle_seconds ago; nothing changed
--   taken_over   with p_take_over, from the one that had it
--   already_done with its result (p_again begins it anew, under a new operation); a skipped step can be taken
create or replace function keyctl.take_step(
  p_operation uuid, p_context jsonb, p_incident_id text, p_step text, p_holder text,
  p_take_over boolean default false, p_again boolean default false
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  s keyctl.incident_steps;
  v_now timestamptz := clock_timestamp();
  v_outcome text;
  v_held jsonb;
  v_answer jsonb;
begin
  select * into s from keyctl.incident_steps where incident_id = i.incident_id and step = p_step;
  v_held := jsonb_build_object('incident_id', i.incident_id, 'step', p_step, 'step_operation_id', s.operation_id, 'taken_by', s.taken_by,
    'taken_at', s.taken_at, 'idle_seconds', extract(epoch from v_now - s.heard_at)::double precision, 'result', s.result);
  if s.state = 'running' and s.holder = p_holder then
    update keyctl.incident_steps set heard_at = v_now where incident_id = i.incident_id and step = p_step;
    return v_held || '{"outcome": "resumed", "audit_seq": null, "repeated": false}';
  end if;
  v_answer := coalesce(keyctl.prior_answer(p_operation, 'incident.step_taken', null),
    keyctl.prior_answer(p_operation, 'incident.step_taken_over', null));
  if v_answer is not null then
    return v_answer;
  elsif i.state = 'closed' then
    raise exception using errcode = 'KC409', message = format('%s is closed', i.incident_id);
  elsif i.playbook is null then
    raise exception using errcode = 'KC409', message = format('the walkthrough of %s has not begun', i.incident_id);
  elsif not exists (select from jsonb_array_elements(i.playbook -> 'steps') p where p ->> 'name' = p_step) then
    raise exception using errcode = 'KC404', message = format('%s: no such step in the playbook of %s', left(p_step, 40), i.incident_id);
  elsif s.state = 'running' and not p_take_over then
    return v_held || '{"outcome": "held", "audit_seq": null, "repeated": false}';
  elsif s.state = 'done' and not p_again then
    return v_held || jsonb_build_object('outcome', 'already_done', 'finished_by', s.finished_by, 'finished_at', s.finished_at,
      'audit_seq', null, 'repeated', false);
  end if;

  v_outcome := case when s.state = 'running' then 'taken_over' else 'taken' end;
  insert into keyctl.incident_steps as t (incident_id, step, state, operation_id, taken_by, holder)
  values (i.incident_id, p_step, 'running', p_operation, keyctl.who_is(p_context), p_holder)
  on conflict (incident_id, step) do update set state = 'running', taken_at = v_now, heard_at = v_now, taken_by = excluded.taken_by,
    holder = excluded.holder, finished_at = null, finished_by = null, reason = null,
    operation_id = case when v_outcome = 'taken_over' then t.operation_id else excluded.operation_id end
  returning * into s;
  v_answer := jsonb_build_object('outcome', v_outcome, 'incident_id', i.incident_id, 'step', p_step,
    'step_operation_id', s.operation_id, 'taken_by', s.taken_by, 'taken_at', s.taken_at, 'idle_seconds', 0, 'result', '{}'::jsonb);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.step_' || v_outcome, null, null, p_step,
    jsonb_build_object('step', p_step, 'step_operation_id', s.operation_id,
      'from', case when v_outcome = 'taken_over' then v_held - 'result' end), v_answer));
end $$;

revoke all on function keyctl.take_step from public;
grant execute on function keyctl.take_step to keyctl_operator;
