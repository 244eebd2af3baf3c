-- Opens an incident with the next number, and links the keys that it begins with. Outcome: `opened`; the same operation again gets
-- its first answer. Whoever opens one has seen it, and says so by acknowledging it: the clock asks for somebody who acts. One about
-- keys that are all dead begins contained.
--   p_incident: {title, type, severity, detected_at (null: now), lead (null: nobody), finding_id (null: opened by hand)}
create or replace function keyctl.open_incident(
  p_operation uuid, p_context jsonb, p_incident jsonb, p_key_ids text[] default '{}'
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents;
  v_now timestamptz;
  v_detected timestamptz;
  v_answer jsonb;
  v_rows jsonb;
  v_contained jsonb;
  v_seq bigint;
begin
  perform from keyctl.incident_counter for update;
  v_answer := keyctl.prior_answer(p_operation, 'incident.opened', null);
  if v_answer is not null then
    return v_answer;
  end if;
  v_now := clock_timestamp();
  v_detected := coalesce((p_incident ->> 'detected_at')::timestamptz, v_now);
  if p_incident ->> 'type' is null or p_incident ->> 'type' not in ('leak', 'abuse', 'departure', 'policy', 'budget') then
    raise exception using errcode = 'KC422', message = 'the type is one of leak, abuse, departure, policy, budget';
  elsif p_incident ->> 'severity' is null or p_incident ->> 'severity' not in ('critical', 'high', 'medium', 'low') then
    raise exception using errcode = 'KC422', message = 'the severity is one of critical, high, medium, low';
  elsif v_detected > v_now then
    raise exception using errcode = 'KC422', message = 'an incident was not detected in the future';
  end if;

  update keyctl.incident_counter set last_number = last_number + 1 returning last_number into i.number;
  insert into keyctl.incidents (incident_id, number, title, type, severity, lead, opened_at, detected_at)
  values ('INC-' || i.number, i.number, keyctl.check_line('title', p_incident ->> 'title', 200), p_incident ->> 'type',
    p_incident ->> 'severity', case when p_incident ->> 'lead' is not null then keyctl.check_line('lead', p_incident ->> 'lead', 200) end,
    v_now, v_detected)
  returning * into i;
  v_rows := keyctl.link_keys(i, p_key_ids, null);

  -- Of keys that are all dead already nothing is left to contain.
  v_contained := keyctl.settle_containment(i);
  select state into i.state from keyctl.incidents where incident_id = i.incident_id;
  v_answer := jsonb_build_object('outcome', 'opened', 'incident_id', i.incident_id, 'title', i.title, 'type', i.type,
    'severity', i.severity, 'state', i.state, 'lead', i.lead, 'opened_at', i.opened_at, 'detected_at', i.detected_at,
    'key_ids', to_jsonb(array(select r ->> 'key_id' from jsonb_array_elements(v_rows) r)));
  v_rows := v_rows || case when v_contained is null then '[]' else jsonb_build_array(v_contained) end;
  v_seq := keyctl.append_audit_rows(p_operation, p_context || jsonb_build_object('incident_id', i.incident_id),
    jsonb_build_array(jsonb_build_object('action', 'incident.opened', 'reason', i.title,
      'details', jsonb_build_object('title', i.title, 'type', i.type, 'severity', i.severity, 'detected_at', i.detected_at,
        'lead', i.lead, 'finding_id', p_incident ->> 'finding_id', 'key_ids', v_answer -> 'key_ids'),
      'answer', v_answer)) || v_rows);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', v_seq - jsonb_array_length(v_rows));
end $$;

revoke all on function keyctl.open_incident from public;
grant execute on function keyctl.open_incident to keyctl_operator;
