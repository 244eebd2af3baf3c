-- What a change that names an incident does to it, before the change's rows are appended: the incident has to exist (KC404), a
-- key's life is not changed under a closed one (KC409), the keys that are changed become linked to it, and it is contained when
-- the last of them died just now. A successor is not linked: it is what goes on. Answers rows to append behind the change's own.
create or replace function keyctl.enter_incident(p_incident_id text, p_rows jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents := keyctl.lock_incident(p_incident_id);
  v_contained jsonb;
begin
  if not exists (select from jsonb_array_elements(p_rows) r where split_part(r ->> 'action', '.', 1) in ('key', 'rotation', 'ip')) then
    return '[]';
  elsif i.state = 'closed' then
    raise exception using errcode = 'KC409', message = format(
      '%s is closed since %s: name an open incident, or open one with --incident new', i.incident_id,
      to_char(i.closed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'));
  end if;
  insert into keyctl.incident_keys (incident_id, key_id, reason)
  select distinct on (r ->> 'key_id') i.incident_id, r ->> 'key_id', r ->> 'reason'
  from jsonb_array_elements(p_rows) r
  where r ->> 'key_id' is not null
    and (r ->> 'action' like 'key.%' and r ->> 'action' not in ('key.created', 'key.activated', 'key.imported')
      or r ->> 'action' in ('rotation.prepared', 'rotation.activated', 'rotation.extended', 'rotation.finalized'))
  order by r ->> 'key_id'
  on conflict do nothing;
  v_contained := keyctl.settle_containment(i);
  return case when v_contained is null then '[]' else jsonb_build_array(v_contained) end;
end $$;

revoke all on function keyctl.enter_incident from public;
