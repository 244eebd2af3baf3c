-- Sets what is done by itself about findings (`respond_to_finding`), and answers the values before and after. Outcomes:
-- `created`, `set`, `unchanged` (nothing changed).
--   p_settings: {detector, least_severity, response, lasts_seconds, most_per_hour}; what is not given stays, a null detector
--     means every one
create or replace function keyctl.set_response_rule(
  p_operation uuid, p_context jsonb, p_name text, p_settings jsonb, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_known constant text[] := array['detector', 'least_severity', 'response', 'lasts_seconds', 'most_per_hour'];
  v_unknown text;
  v_reason text := keyctl.check_reason(p_reason);
  v_created boolean;
  v_before jsonb;
  v_after jsonb;
  v_answer jsonb;
  o keyctl.response_rules;
  n keyctl.response_rules;
begin
  perform from keyctl.detection_state for update;
  v_answer := keyctl.prior_answer(p_operation, 'policy.set', null);
  if v_answer is not null then
    return v_answer;
  end if;
  select field into v_unknown from jsonb_object_keys(p_settings) field where field <> all (v_known) limit 1;
  if v_unknown is not null then
    raise exception using errcode = 'KC422', message = format('%I is no setting of a response', v_unknown);
  elsif p_name is null or p_name !~ '^[a-z0-9][a-z0-9_.-]{0,62}$' then
    raise exception using errcode = 'KC422', message = 'a response has a name of a-z, 0-9, _, . and -, at most 63 characters';
  end if;
  select * into o from keyctl.response_rules where rule_name = p_name;
  v_created := not found;
  if v_created then
    o.least_severity := 'critical';
    o.most_per_hour := 3;
  end if;
  n := jsonb_populate_record(o, p_settings);
  if n.response is null or n.response not in ('suspend', 'step_down', 'block_ip', 'notify') then
    raise exception using errcode = 'KC422', message = 'a response is one of suspend, step_down, block_ip, notify';
  elsif n.least_severity is null or n.least_severity not in ('critical', 'high', 'medium') then
    raise exception using errcode = 'KC422', message = 'the least severity is critical, high or medium: nothing below is acted on by itself';
  elsif n.detector !~ '^[a-z][a-z0-9_]{0,62}$' then
    raise exception using errcode = 'KC422', message = 'a detector has a name of a-z, 0-9 and _';
  elsif n.most_per_hour is null or n.most_per_hour not between 1 and 100 then
    raise exception using errcode = 'KC422', message = 'at most 1 to 100 responses an hour';
  elsif n.response in ('suspend', 'block_ip') and (n.lasts_seconds is null or n.lasts_seconds not between 60 and 2592000) then
    raise exception using errcode = 'KC422', message = 'what a program does by itself ends by itself: it lasts a minute to 30 days';
  elsif n.response in ('step_down', 'notify') and n.lasts_seconds is not null then
    raise exception using errcode = 'KC422', message = 'only suspend and block_ip last for a time';
  end if;

  select coalesce(jsonb_object_agg(b.key, b.value), '{}'), coalesce(jsonb_object_agg(b.key, w.value), '{}')
    into v_before, v_after
  from jsonb_each(to_jsonb(o)) b join jsonb_each(to_jsonb(n)) w using (key)
  where b.key = any (v_known) and (v_created or b.value is distinct from w.value);
  v_before := case when v_created then '{}' else v_before end;
  v_answer := jsonb_build_object('outcome', case when v_created then 'created' when v_after = '{}' then 'unchanged' else 'set' end,
    'name', p_name, 'before', v_before, 'after', v_after);
  if v_answer ->> 'outcome' = 'unchanged' then
    return v_answer || jsonb_build_object('audit_seq', null, 'repeated', false);
  end if;
  insert into keyctl.response_rules (rule_name, detector, least_severity, response, lasts_seconds, most_per_hour)
  values (p_name, n.detector, n.least_severity, n.response, n.lasts_seconds, n.most_per_hour)
  on conflict (rule_name) do update set
    detector = excluded.detector, least_severity = excluded.least_severity, response = excluded.response,
    lasts_seconds = excluded.lasts_seconds, most_per_hour = excluded.most_per_hour,
    set_at = clock_timestamp(), set_by = session_user;
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'policy.set', null, null, v_reason,
    jsonb_build_object('response_rule', p_name, 'before', v_before, 'after', v_after), v_answer));
end $$;

revoke all on function keyctl.set_response_rule from public;
grant execute on function keyctl.set_response_rule to keyctl_admin;
