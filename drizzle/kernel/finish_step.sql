-- Says what came of a step that was taken. Outcomes: `finished`; `already_done` (the first result stands and is answered).
-- Whoever had it taken away and comes back may finish it all the same: what was done is done, under one operation.
create or replace function keyctl.finish_step(
  p_operation uuid, p_context jsonb, p_incident_id text, p_step text, p_result jsonb
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  s keyctl.incident_steps;
  v_result jsonb := coalesce(nullif(p_result, 'null'), '{}');
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.step_finished', null);
  if v_answer is not null then
    return v_answer;
  end if;
  select * into s from keyctl.incident_steps where incident_id = i.incident_id and step = p_step;
  if s.state = 'done' then
    return jsonb_build_object('outcome', 'already_done', 'incident_id', i.incident_id, 'step', p_step, 'result', s.result,
      'finished_at', s.finished_at, 'finished_by', s.finished_by, 'audit_seq', null, 'repeated', false);
  elsif s.state is distinct from 'running' then
    raise exception using errcode = 'KC409', message = format('%s of %s is not under way', left(p_step, 40), i.incident_id);
  -- The step that closes the incident is finished after it has.
  elsif i.state = 'closed' and p_step <> 'close' then
    raise exception using errcode = 'KC409', message = format('%s is closed', i.incident_id);
  elsif jsonb_typeof(v_result) <> 'object' or length(v_result::text) > 100000 then
    raise exception using errcode = 'KC422', message = 'the result of a step is an object of at most 100 kB';
  end if;
  update keyctl.incident_steps
  set state = 'done', result = v_result, finished_at = clock_timestamp(), finished_by = keyctl.who_is(p_context)
  where incident_id = i.incident_id and step = p_step returning * into s;
  v_answer := jsonb_build_object('outcome', 'finished', 'incident_id', i.incident_id, 'step', p_step, 'result', s.result,
    'finished_at', s.finished_at, 'finished_by', s.finished_by);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.step_finished', null, null, p_step,
    jsonb_build_object('step', p_step, 'step_operation_id', s.operation_id, 'taken_by', s.taken_by), v_answer));
end $$;

revoke all on function keyctl.finish_step from public;
grant execute on function keyctl.finish_step to keyctl_operator;
