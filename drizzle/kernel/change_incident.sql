-- Changes what an incident was opened with, with a reason. Outcomes: `changed`, `unchanged`.
--   p_changes: {title, type, severity, detected_at}; what is absent stays
create or replace function keyctl.change_incident(
  p_operation uuid, p_context jsonb, p_incident_id text, p_changes jsonb, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  n keyctl.incidents := i;
  v_reason text := keyctl.check_reason(p_reason);
  v_before jsonb;
  v_after jsonb;
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.changed', null);
  if v_answer is not null then
    return v_answer;
  elsif i.state = 'closed' then
    raise exception using errcode = 'KC409', message = format('%s is closed', i.incident_id);
  elsif exists (select from jsonb_object_keys(p_changes) f where f not in ('title', 'type', 'severity', 'detected_at')) then
    raise exception using errcode = 'KC422', message = 'title, type, severity and detected_at can be changed';
  end if;
  n.title := keyctl.check_line('title', coalesce(p_changes ->> 'title', i.title), 200);
  n.type := coalesce(p_changes ->> 'type', i.type);
  n.severity := coalesce(p_changes ->> 'severity', i.severity);
  n.detected_at := coalesce((p_changes ->> 'detected_at')::timestamptz, i.detected_at);
  if n.type not in ('leak', 'abuse', 'departure', 'policy', 'budget') then
    raise exception using errcode = 'KC422', message = 'the type is one of leak, abuse, departure, policy, budget';
  elsif n.severity not in ('critical', 'high', 'medium', 'low') then
    raise exception using errcode = 'KC422', message = 'the severity is one of critical, high, medium, low';
  elsif n.detected_at > clock_timestamp() then
    raise exception using errcode = 'KC422', message = 'an incident was not detected in the future';
  end if;
  select coalesce(jsonb_object_agg(o.key, o.value), '{}'), coalesce(jsonb_object_agg(o.key, w.value), '{}') into v_before, v_after
  from jsonb_each(to_jsonb(i)) o join jsonb_each(to_jsonb(n)) w using (key) where o.value is distinct from w.value;
  if v_after = '{}' then
    return jsonb_build_object('outcome', 'unchanged', 'incident_id', i.incident_id, 'before', v_before, 'after', v_after,
      'audit_seq', null, 'repeated', false);
  end if;
  update keyctl.incidents set title = n.title, type = n.type, severity = n.severity, detected_at = n.detected_at
  where incident_id = i.incident_id;
  v_answer := jsonb_build_object('outcome', 'changed', 'incident_id', i.incident_id, 'before', v_before, 'after', v_after);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.changed', null, null, v_reason,
    jsonb_build_object('before', v_before, 'after', v_after), v_answer));
end $$;

revoke all on function keyctl.change_incident from public;
grant execute on function keyctl.change_incident to keyctl_operator;
