-- Corrects a time of the timeline, with a reason: the row of the log stays as it is, and both times are shown. Where that row is
-- the phase's own (contained, say), the incident's clocks follow. Outcomes: `corrected`, `unchanged`.
create or replace function keyctl.correct_time(
  p_operation uuid, p_context jsonb, p_incident_id text, p_audit_seq bigint, p_at timestamptz, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  a keyctl.audit_log;
  v_reason text := keyctl.check_reason(p_reason);
  v_before timestamptz;
  v_phase text;
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.time_corrected', null);
  if v_answer is not null then
    return v_answer;
  end if;
  select * into a from keyctl.audit_log where seq = p_audit_seq and incident_id = i.incident_id;
  if not found then
    raise exception using errcode = 'KC404', message = format('%s: no such row in the timeline of %s', p_audit_seq, i.incident_id);
  elsif a.action = 'incident.time_corrected' then
    raise exception using errcode = 'KC422', message = 'that row is a correction itself: correct the row that it is about';
  elsif p_at is null or p_at > clock_timestamp() then
    raise exception using errcode = 'KC422', message = 'what happened did not happen in the future';
  end if;
  v_before := coalesce((select c.correct_at from keyctl.incident_corrections c
    where c.incident_id = i.incident_id and c.audit_seq = a.seq), a.at);
  if v_before = p_at then
    return jsonb_build_object('outcome', 'unchanged', 'incident_id', i.incident_id, 'corrected_seq', a.seq, 'at', p_at, 'at_before', v_before,
      'phase', null, 'audit_seq', null, 'repeated', false);
  end if;
  insert into keyctl.incident_corrections (incident_id, audit_seq, correct_at, reason)
  values (i.incident_id, a.seq, p_at, v_reason)
  on conflict (incident_id, audit_seq) do update set correct_at = excluded.correct_at, reason = excluded.reason,
    corrected_at = clock_timestamp(), corrected_by = session_user;

  -- The last row of its kind since the incident was reopened is what the phase's time came from.
  v_phase := case when a.action in ('incident.acknowledged', 'incident.contained', 'incident.investigated', 'incident.recovered',
      'incident.reviewed', 'incident.closed') and not exists (
        select from keyctl.audit_log l where l.incident_id = i.incident_id and l.seq > a.seq and l.action in (a.action, 'incident.reopened'))
    then split_part(a.action, '.', 2) end;
  update keyctl.incidents set
    acknowledged_at = case when v_phase = 'acknowledged' then p_at else acknowledged_at end,
    contained_at = case when v_phase = 'contained' and contained_at is not null then p_at else contained_at end,
    investigated_at = case when v_phase = 'investigated' then p_at else investigated_at end,
    recovered_at = case when v_phase = 'recovered' then p_at else recovered_at end,
    reviewed_at = case when v_phase = 'reviewed' then p_at else reviewed_at end,
    closed_at = case when v_phase = 'closed' and closed_at is not null then p_at else closed_at end
  where incident_id = i.incident_id and v_phase is not null;
  v_answer := jsonb_build_object('outcome', 'corrected', 'incident_id', i.incident_id, 'corrected_seq', a.seq, 'at', p_at,
    'at_before', v_before, 'phase', v_phase);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.time_corrected', null, null, v_reason,
    jsonb_build_object('corrected_seq', a.seq, 'action', a.action, 'at', p_at, 'at_before', v_before, 'phase', v_phase), v_answer));
end $$;

revoke all on function keyctl.correct_time from public;
grant execute on function keyctl.correct_time to keyctl_operator;
