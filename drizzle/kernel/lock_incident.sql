-- An incident, locked until the end of the statement. After keys and before the audit head, always (F38): a change of a key locks
-- the incident that it names when it appends its row.
create or replace function keyctl.lock_incident(p_incident_id text) returns keyctl.incidents
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  i keyctl.incidents;
begin
  select * into i from keyctl.incidents where incident_id = p_incident_id for no key update;
  if not found then
    raise exception using errcode = 'KC404', message = format('%s: no such incident', left(p_incident_id, 40));
  end if;
  return i;
end $$;

revoke all on function keyctl.lock_incident from public;
