-- Says who leads an incident; null: nobody. Outcomes: `assigned`, `unchanged`.
create or replace function keyctl.assign_incident(
  p_operation uuid, p_context jsonb, p_incident_id text, p_lead text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  v_lead text := case when p_lead is not null then keyctl.check_line('lead', p_lead, 200) end;
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.assigned', null);
  if v_answer is not null then
    return v_answer;
  elsif i.state = 'closed' then
    raise exception using errcode = 'KC409', message = format('%s is closed', i.incident_id);
  elsif i.lead is not distinct from v_lead then
    return jsonb_build_object('outcome', 'unchanged', 'incident_id', i.incident_id, 'lead', i.lead, 'lead_before', i.lead,
      'audit_seq', null, 'repeated', false);
  end if;
  update keyctl.incidents set lead = v_lead where incident_id = i.incident_id;
  v_answer := jsonb_build_object('outcome', 'assigned', 'incident_id', i.incident_id, 'lead', v_lead, 'lead_before', i.lead);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.assigned', null, null, null,
    jsonb_build_object('lead', v_lead, 'lead_before', i.lead), v_answer));
end $$;

revoke all on function keyctl.assign_incident from public;
grant execute on function keyctl.assign_incident to keyctl_operator;
