-- Writes a note into the timeline of an incident, closed or not. It stands in the audit log and can never be taken out again.
create or replace function keyctl.note_incident(
  p_operation uuid, p_context jsonb, p_incident_id text, p_note text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  v_note text := btrim(p_note, E' \t\r\n');
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.noted', null);
  if v_answer is not null then
    return v_answer;
  elsif v_note is null or v_note = '' then
    raise exception using errcode = 'KC422', message = 'the note is empty';
  elsif length(v_note) > 10000 then
    raise exception using errcode = 'KC422', message = format('the note has %s characters, at most 10000 fit', length(v_note));
  end if;
  v_answer := jsonb_build_object('outcome', 'noted', 'incident_id', i.incident_id);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.noted', null, null, v_note, '{}', v_answer));
end $$;

revoke all on function keyctl.note_incident from public;
grant execute on function keyctl.note_incident to keyctl_operator;
