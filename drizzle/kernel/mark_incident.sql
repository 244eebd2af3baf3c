-- Says that a phase of an incident is done. Outcomes: `marked`; `already_marked` (the first time stands).
-- A root cause or lessons can be said better later; the time at which the phase was done stays.
--   contained      no linked key is usable (KC409 otherwise); with a reason also while one is: it was restricted instead
--   investigated   with p_text, the root cause
--   recovering     what replaces the dead keys is under way (contained first)
--   recovered      it is in place, and works (contained first)
--   reviewed       with p_text, the lessons
create or replace function keyctl.mark_incident(
  p_operation uuid, p_context jsonb, p_incident_id text, p_mark text, p_text text default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  v_action text := 'incident.' || p_mark;
  v_now timestamptz := clock_timestamp();
  v_done timestamptz;
  v_text text := case when p_text is not null then btrim(p_text, E' \t\r\n') end;
  v_usable text[] := '{}';
  v_state text := i.state;
  v_answer jsonb;
begin
  if p_mark is null or p_mark not in ('contained', 'investigated', 'recovering', 'recovered', 'reviewed') then
    raise exception using errcode = 'KC422', message = 'the mark is one of contained, investigated, recovering, recovered, reviewed';
  end if;
  v_answer := keyctl.prior_answer(p_operation, v_action, null);
  if v_answer is not null then
    return v_answer;
  elsif i.state = 'closed' then
    raise exception using errcode = 'KC409', message = format('%s is closed', i.incident_id);
  elsif length(v_text) > 10000 then
    raise exception using errcode = 'KC422', message = format('the text has %s characters, at most 10000 fit', length(v_text));
  elsif p_mark in ('investigated', 'reviewed') and coalesce(v_text, '') = '' then
    raise exception using errcode = 'KC422', message = case p_mark when 'investigated' then 'say what the root cause was'
      else 'say what was learned' end;
  end if;

  v_done := case p_mark when 'contained' then i.contained_at when 'investigated' then i.investigated_at
    when 'recovered' then i.recovered_at when 'reviewed' then i.reviewed_at end;
  if p_mark = 'recovering' and i.state = 'recovering' or keyctl.phase_done(v_done, i.reopened_at)
    and v_text is not distinct from coalesce(case p_mark when 'investigated' then i.root_cause when 'reviewed' then i.lessons end, v_text)
  then
    return jsonb_build_object('outcome', 'already_marked', 'incident_id', i.incident_id, 'mark', p_mark, 'state', i.state,
      'at', v_done, 'audit_seq', null, 'repeated', false);
  end if;
  if p_mark = 'contained' then
    v_usable := keyctl.usable_linked(i.incident_id);
    if v_usable <> '{}' and v_text is null then
      raise exception using errcode = 'KC409', message = format('%s is usable: revoke or suspend it, or say by what it is restricted',
        array_to_string(v_usable[1:3], ', ') || case when cardinality(v_usable) > 3 then format(' and %s more', cardinality(v_usable) - 3) else '' end);
    elsif v_text is not null then
      v_text := keyctl.check_reason(v_text);
    end if;
    v_state := 'contained';
  elsif p_mark in ('recovering', 'recovered') then
    if i.state not in ('contained', 'recovering') then
      raise exception using errcode = 'KC409', message = format('%s is %s: contain it first', i.incident_id, i.state);
    end if;
    v_state := 'recovering';
  end if;
  -- A better text for a root cause or lessons leaves the time at which the phase was done.
  v_now := case when keyctl.phase_done(v_done, i.reopened_at) then v_done else v_now end;
  update keyctl.incidents set
    state = v_state,
    acknowledged_at = case when p_mark = 'contained' and not keyctl.phase_done(acknowledged_at, reopened_at) then v_now else acknowledged_at end,
    contained_at = case when p_mark = 'contained' then v_now else contained_at end,
    investigated_at = case when p_mark = 'investigated' then v_now else investigated_at end,
    recovered_at = case when p_mark = 'recovered' then v_now else recovered_at end,
    reviewed_at = case when p_mark = 'reviewed' then v_now else reviewed_at end,
    root_cause = case when p_mark = 'investigated' then v_text else root_cause end,
    lessons = case when p_mark = 'reviewed' then v_text else lessons end
  where incident_id = i.incident_id;
  v_answer := jsonb_build_object('outcome', 'marked', 'incident_id', i.incident_id, 'mark', p_mark, 'state', v_state, 'at', v_now);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), v_action, null, null, v_text,
    jsonb_build_object('state_before', i.state, 'by_itself', false, 'usable_keys', to_jsonb(v_usable)), v_answer));
end $$;

revoke all on function keyctl.mark_incident from public;
grant execute on function keyctl.mark_incident to keyctl_operator;
