-- An incident is contained when the last of its linked keys stops being usable: written down at that moment, by the change that
-- did it, so that the time to containment is that of the deed. Answers the row for the log, null when there is nothing to write.
-- Only for the kernel's own functions, which hold the incident.
create or replace function keyctl.settle_containment(i keyctl.incidents) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz;
  v_linked bigint;
begin
  if i.state not in ('open', 'acknowledged') then
    return null;
  end if;
  select count(*) into v_linked from keyctl.incident_keys l join keyctl.api_keys k on k.id = l.key_id where l.incident_id = i.incident_id;
  if v_linked = 0 or keyctl.usable_linked(i.incident_id) <> '{}' then
    return null;
  end if;
  v_now := clock_timestamp();
  update keyctl.incidents
  set state = 'contained', contained_at = v_now,
    acknowledged_at = case when keyctl.phase_done(acknowledged_at, reopened_at) then acknowledged_at else v_now end
  where incident_id = i.incident_id;
  return jsonb_build_object('action', 'incident.contained', 'reason', 'no linked key is usable any more',
    'details', jsonb_build_object('state_before', i.state, 'by_itself', true, 'keys', v_linked),
    'answer', jsonb_build_object('outcome', 'contained', 'incident_id', i.incident_id, 'state', 'contained', 'at', v_now));
end $$;

revoke all on function keyctl.settle_containment from public;
