-- Keeps the playbook of an incident as it is now, when its walkthrough begins: a later edit of a file changes no incident under
-- way. Outcomes: `set`; `already_set` (the one that was kept is answered). Another one can be taken while no step has begun.
--   p_playbook: {name, steps: [{name, required, …}], …}; what else it holds is kept as it is
create or replace function keyctl.set_playbook(
  p_operation uuid, p_context jsonb, p_incident_id text, p_playbook jsonb
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  v_steps jsonb := p_playbook -> 'steps';
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'incident.playbook_set', null);
  if v_answer is not null then
    return v_answer || jsonb_build_object('playbook', i.playbook);
  elsif i.playbook is not null and (i.playbook = p_playbook
    or exists (select from keyctl.incident_steps s where s.incident_id = i.incident_id)) then
    return jsonb_build_object('outcome', 'already_set', 'incident_id', i.incident_id, 'playbook', i.playbook, 'audit_seq', null,
      'repeated', false);
  elsif i.state = 'closed' then
    raise exception using errcode = 'KC409', message = format('%s is closed', i.incident_id);
  end if;
  perform keyctl.check_line('name of the playbook', p_playbook ->> 'name', 80);
  if jsonb_typeof(v_steps) is distinct from 'array' or jsonb_array_length(v_steps) not between 1 and 50 then
    raise exception using errcode = 'KC422', message = 'a playbook has 1 to 50 steps';
  elsif exists (
    select from jsonb_array_elements(v_steps) s
    where coalesce(s ->> 'name', '') !~ '^[a-z][a-z0-9_-]{0,39}$' or jsonb_typeof(s -> 'required') is distinct from 'boolean'
  ) then
    raise exception using errcode = 'KC422', message = 'each step has a name of lower-case letters and says whether it is required';
  elsif (select count(distinct s ->> 'name') from jsonb_array_elements(v_steps) s) < jsonb_array_length(v_steps) then
    raise exception using errcode = 'KC422', message = 'two steps of the playbook have one name';
  elsif length(p_playbook::text) > 200000 then
    raise exception using errcode = 'KC422', message = 'the playbook is larger than 200 kB';
  end if;
  update keyctl.incidents set playbook = p_playbook where incident_id = i.incident_id;
  v_answer := jsonb_build_object('outcome', 'set', 'incident_id', i.incident_id);
  return v_answer || jsonb_build_object('repeated', false, 'playbook', p_playbook, 'audit_seq', keyctl.append_audit(p_operation,
    p_context || jsonb_build_object('incident_id', i.incident_id), 'incident.playbook_set', null, null, p_playbook ->> 'name',
    jsonb_build_object('name', p_playbook ->> 'name', 'name_before', i.playbook ->> 'name',
      'steps', (select jsonb_agg(s ->> 'name') from jsonb_array_elements(v_steps) s)), v_answer));
end $$;

revoke all on function keyctl.set_playbook from public;
grant execute on function keyctl.set_playbook to keyctl_operator;
