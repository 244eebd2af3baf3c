-- Links keys to an incident that is not closed. Outcomes: `linked`; `already_linked` (nothing changed). A link is never taken
-- away. Keys that are all dead contain an open incident at once.
create or replace function keyctl.link_incident_keys(
  p_operation uuid, p_context jsonb, p_incident_id text, p_key_ids text[], p_reason text default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  v_reason text := case when p_reason is not null then keyctl.check_line('reason', p_reason, 2000) end;
  v_first jsonb;
  v_rows jsonb;
  v_contained jsonb;
  v_answer jsonb;
begin
  -- The first answer stands in the row of each key that it linked.
  select jsonb_build_object('outcome', 'linked', 'incident_id', a.incident_id, 'key_ids', jsonb_agg(a.key_id order by a.key_id),
    'state', i.state, 'audit_seq', max(a.seq), 'repeated', true) into v_first
  from keyctl.audit_log a
  where a.operation_id = p_operation and a.action = 'incident.key_linked' and a.key_id = any (p_key_ids)
  group by a.incident_id;
  if v_first is not null then
    return v_first;
  elsif i.state = 'closed' then
    raise exception using errcode = 'KC409', message = format('%s is closed', i.incident_id);
  end if;
  v_rows := keyctl.link_keys(i, p_key_ids, v_reason);
  if v_rows = '[]' then
    return jsonb_build_object('outcome', 'already_linked', 'incident_id', i.incident_id, 'key_ids', '[]'::jsonb, 'state', i.state,
      'audit_seq', null, 'repeated', false);
  end if;
  v_contained := keyctl.settle_containment(i);
  select state into i.state from keyctl.incidents where incident_id = i.incident_id;
  v_answer := jsonb_build_object('outcome', 'linked', 'incident_id', i.incident_id,
    'key_ids', to_jsonb(array(select r ->> 'key_id' from jsonb_array_elements(v_rows) r)), 'state', i.state);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit_rows(
    p_operation, p_context || jsonb_build_object('incident_id', i.incident_id),
    v_rows || case when v_contained is null then '[]' else jsonb_build_array(v_contained) end));
end $$;

revoke all on function keyctl.link_incident_keys from public;
grant execute on function keyctl.link_incident_keys to keyctl_operator;
