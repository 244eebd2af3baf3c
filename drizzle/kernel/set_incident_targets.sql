-- Sets the targets of a severity, and answers what they were. Outcomes: `set`, `unchanged`. Clocks of open incidents follow at once.
--   p_targets: {acknowledge_seconds, contain_seconds, investigate_seconds, recover_seconds}; what is absent stays
create or replace function keyctl.set_incident_targets(
  p_operation uuid, p_context jsonb, p_severity text, p_targets jsonb
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  t keyctl.incident_targets;
  n keyctl.incident_targets;
  v_before jsonb;
  v_after jsonb;
  v_answer jsonb;
begin
  select * into t from keyctl.incident_targets where severity = p_severity for update;
  if not found then
    raise exception using errcode = 'KC422', message = 'the severity is one of critical, high, medium, low';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'incident.targets_set', null);
  if v_answer is not null then
    return v_answer;
  elsif exists (select from jsonb_object_keys(p_targets) f
    where f not in ('acknowledge_seconds', 'contain_seconds', 'investigate_seconds', 'recover_seconds')) then
    raise exception using errcode = 'KC422', message = 'targets are acknowledge, contain, investigate and recover';
  elsif exists (select from jsonb_each(p_targets) e where jsonb_typeof(e.value) <> 'number' or e.value::numeric not between 1 and 315360000) then
    raise exception using errcode = 'KC422', message = 'a target is a time between a second and ten years';
  end if;
  n := jsonb_populate_record(t, p_targets);
  v_before := to_jsonb(t) - 'severity';
  v_after := to_jsonb(n) - 'severity';
  if v_before = v_after then
    return jsonb_build_object('outcome', 'unchanged', 'severity', p_severity, 'before', v_before, 'after', v_after, 'audit_seq', null, 'repeated', false);
  end if;
  update keyctl.incident_targets set acknowledge_seconds = n.acknowledge_seconds, contain_seconds = n.contain_seconds,
    investigate_seconds = n.investigate_seconds, recover_seconds = n.recover_seconds
  where severity = p_severity;
  v_answer := jsonb_build_object('outcome', 'set', 'severity', p_severity, 'before', v_before, 'after', v_after);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(p_operation, p_context,
    'incident.targets_set', null, null, null, v_answer - 'outcome', v_answer));
end $$;

revoke all on function keyctl.set_incident_targets from public;
grant execute on function keyctl.set_incident_targets to keyctl_admin;
