-- Opens an incident about these findings and makes them part of it, in one statement: cut anywhere, there is no incident without what
-- it is about. The keys that the findings name are linked. Answers as `escalate_findings` does.
--   p_incident: see open_incident
create or replace function keyctl.escalate_anew(
  p_operation uuid, p_context jsonb, p_incident jsonb, p_finding_ids text[]
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_opened jsonb;
  v_keys text[];
begin
  -- As every change of findings: this lock first, then the incident, then the head.
  perform from keyctl.detection_state for update;
  v_keys := array(
    select distinct k.id from keyctl.findings f join keyctl.api_keys k on k.id = f.key_id
    where f.finding_id = any (p_finding_ids) order by 1);
  v_opened := keyctl.open_incident(p_operation, p_context, p_incident, v_keys);
  return keyctl.escalate_findings(p_operation, p_context, p_finding_ids, v_opened ->> 'incident_id');
end $$;

revoke all on function keyctl.escalate_anew from public;
grant execute on function keyctl.escalate_anew to keyctl_operator;
