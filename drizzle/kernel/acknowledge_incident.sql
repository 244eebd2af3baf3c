-- Says that somebody has taken an incident up. Outcomes: `acknowledged`; `already_acknowledged` (the first time and person stand).
create or replace function keyctl.acknowledge_incident(p_operation uuid, p_context jsonb, p_incident_id text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  v_now timestamptz := clock_timestamp();
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.acknowledged', null);
  if v_answer is not null then
    return v_answer;
  elsif i.state = 'closed' then
    raise exception using errcode = 'KC409', message = format('%s is closed', i.incident_id);
  elsif i.state <> 'open' then
    return jsonb_build_object('outcome', 'already_acknowledged', 'incident_id', i.incident_id, 'state', i.state,
      'at', i.acknowledged_at, 'audit_seq', null, 'repeated', false);
  end if;
  update keyctl.incidents set state = 'acknowledged', acknowledged_at = v_now where incident_id = i.incident_id;
  v_answer := jsonb_build_object('outcome', 'acknowledged', 'incident_id', i.incident_id, 'state', 'acknowledged', 'at', v_now);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.acknowledged', null, null, null,
    jsonb_build_object('state_before', i.state), v_answer));
end $$;

revoke all on function keyctl.acknowledge_incident from public;
grant execute on function keyctl.acknowledge_incident to keyctl_operator;
