-- Closes an incident. Refused (KC409) while something is left: a linked key is usable, a required step is open or was skipped
-- without a reason, or the review of a critical or high one is missing; p_override, a reason, closes it all the same and is
-- written down with what was left. Outcomes: `closed`, `already_closed`.
create or replace function keyctl.close_incident(
  p_operation uuid, p_context jsonb, p_incident_id text, p_override text default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents;
  v_override text := case when p_override is not null then keyctl.check_reason(p_override) end;
  v_held text[];
  v_left jsonb;
  v_now timestamptz;
  v_answer jsonb;
begin
  -- Keys before the incident (F38), so that none comes back to life while this looks.
  v_held := array(select k.id from keyctl.api_keys k
    where k.id in (select l.key_id from keyctl.incident_keys l where l.incident_id = p_incident_id) order by k.family_id, k.id for update);
  i := keyctl.lock_incident(p_incident_id);
  v_answer := keyctl.prior_answer(p_operation, 'incident.closed', null);
  if v_answer is not null then
    return v_answer;
  elsif i.state = 'closed' then
    return jsonb_build_object('outcome', 'already_closed', 'incident_id', i.incident_id, 'closed_at', i.closed_at, 'left', '[]'::jsonb,
      'audit_seq', null, 'repeated', false);
  elsif exists (select from keyctl.incident_keys l join keyctl.api_keys k on k.id = l.key_id
    where l.incident_id = i.incident_id and l.key_id <> all (v_held)) then
    raise exception using errcode = 'KC409', message = format('a key was linked to %s just now: look at it first', i.incident_id);
  end if;
  v_left := keyctl.close_blockers(i.incident_id);
  if v_left <> '[]' and v_override is null then
    raise exception using errcode = 'KC409', message = format('%s cannot be closed: %s', i.incident_id, (
      select string_agg(case b.blocker ->> 'kind'
          when 'usable_key' then (b.blocker ->> 'key_id') || ' is usable'
          when 'open_step' then format('step %s is open', b.blocker ->> 'step')
          when 'unexplained_skip' then format('step %s was skipped without a reason', b.blocker ->> 'step')
          else 'the review is missing' end, '; ' order by b.at)
      from jsonb_array_elements(v_left) with ordinality b (blocker, at) where b.at <= 4)
      || case when jsonb_array_length(v_left) > 4 then format('; and %s more', jsonb_array_length(v_left) - 4) else '' end);
  end if;
  v_now := clock_timestamp();
  update keyctl.incidents set state = 'closed', closed_at = v_now where incident_id = i.incident_id;
  v_answer := jsonb_build_object('outcome', 'closed', 'incident_id', i.incident_id, 'closed_at', v_now, 'left', v_left);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.closed', null, null, v_override,
    jsonb_build_object('state_before', i.state, 'override', v_override, 'left', v_left), v_answer));
end $$;

revoke all on function keyctl.close_incident from public;
grant execute on function keyctl.close_incident to keyctl_operator;
