-- Does what a rule says about a finding, once for each finding and rule. A false alarm cannot take a fleet down: over the whole
-- database no more than the rule's `most_per_hour` are done in an hour, those of other rules counted with it (what only notifies
-- is counted apart), and only for findings that are open and were seen in the last 24 hours. Outcomes:
--   responded          done; the reason on the key or network names the finding
--   already_responded  this rule did so before; nothing changed
--   capped             the hour's number is used up; nothing changed
--   nothing_to_do      nothing changed; `why` says: dead, suspended, blocked, no_key, no_address, no_limits, stepped_down
--   does_not_apply     not open any more, too old, not severe enough, or another detector's; nothing changed
create or replace function keyctl.respond_to_finding(p_operation uuid, p_context jsonb, p_finding_id text, p_rule_name text)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_order constant text[] := array['info', 'low', 'medium', 'high', 'critical'];
  v_now timestamptz;
  v_done integer;
  v_why text;
  v_reason text;
  v_status text;
  v_change jsonb;
  v_limits jsonb;
  v_answer jsonb;
  f keyctl.findings;
  r keyctl.response_rules;
  k keyctl.api_keys;
begin
  perform from keyctl.detection_state for update;
  select * into f from keyctl.findings where finding_id = p_finding_id;
  if not found then
    raise exception using errcode = 'KC404', message = format('no such finding: %s', p_finding_id);
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'finding.responded', f.key_id);
  if v_answer is not null then
    return v_answer;
  end if;
  select * into r from keyctl.response_rules where rule_name = p_rule_name;
  if not found then
    raise exception using errcode = 'KC404', message = format('no such response: %s', p_rule_name);
  end if;
  v_answer := jsonb_build_object('finding_id', f.finding_id, 'rule_name', r.rule_name, 'response', r.response, 'key_id', f.key_id,
    'ip', f.ip, 'until', null, 'reason', null, 'why', null, 'audit_seq', null, 'repeated', false);
  v_now := clock_timestamp();

  if exists (select from keyctl.responses d where d.finding_id = f.finding_id and d.rule_name = r.rule_name) then
    return v_answer || '{"outcome": "already_responded"}';
  elsif f.status <> 'open' or f.last_seen_at < v_now - interval '24 hours' or f.detector is distinct from coalesce(r.detector, f.detector)
    or array_position(v_order, f.severity) < array_position(v_order, r.least_severity) then
    return v_answer || '{"outcome": "does_not_apply"}';
  end if;

  if r.response in ('suspend', 'step_down') then
    select * into k from keyctl.api_keys where id = f.key_id for update;
    v_status := keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
      k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, v_now);
    v_why := case
      when k.id is null then 'no_key'
      when v_status = 'suspended' then 'suspended'
      when v_status not in ('active', 'retiring') then 'dead'
      when r.response = 'step_down' and num_nonnulls(k.rpm, k.rph, k.burst, k.concurrency) = 0 then 'no_limits'
      -- Every finding about a key would cut its limits again.
      when r.response = 'step_down' and exists (
        select from keyctl.responses d
        where d.key_id = k.id and d.response = 'step_down' and d.responded_at > v_now - interval '24 hours') then 'stepped_down'
    end;
  elsif r.response = 'block_ip' then
    v_why := case
      when keyctl.inet_of(f.ip) is null then 'no_address'
      when exists (
        select from keyctl.ip_blocks b
        where b.unblocked_at is null and (b.blocked_until is null or b.blocked_until > v_now)
          and keyctl.plain_ip(keyctl.inet_of(f.ip)) <<= b.cidr) then 'blocked'
    end;
  end if;
  if v_why is not null then
    return v_answer || jsonb_build_object('outcome', 'nothing_to_do', 'why', v_why);
  end if;

  select count(*) into v_done from keyctl.responses d
  where d.responded_at > v_now - interval '1 hour' and (d.response = 'notify') = (r.response = 'notify');
  if v_done >= r.most_per_hour then
    return v_answer || '{"outcome": "capped"}';
  end if;

  -- No word of the finding's own text: it comes from whoever made the requests.
  v_reason := format('by response %s: finding %s, %s %s', r.rule_name, f.finding_id, f.severity, f.detector);
  if r.response = 'suspend' then
    v_change := keyctl.suspend_key(p_operation, p_context, k.id, v_reason, make_interval(secs => r.lasts_seconds));
    v_answer := v_answer || jsonb_build_object('until', v_change -> 'suspended_until');
  elsif r.response = 'step_down' then
    select jsonb_object_agg(l.name, greatest(1, l.given / 4)) into v_limits
    from (values ('rpm', k.rpm), ('rph', k.rph), ('burst', k.burst), ('concurrency', k.concurrency)) l (name, given)
    where l.given is not null;
    v_change := keyctl.update_key(p_operation, p_context, k.id, v_limits, null, v_reason);
  elsif r.response = 'block_ip' then
    v_change := keyctl.block_ip(p_operation, p_context, keyctl.inet_of(f.ip), v_reason, make_interval(secs => r.lasts_seconds));
    v_answer := v_answer || jsonb_build_object('until', v_change -> 'blocked_until');
  end if;

  v_answer := v_answer || jsonb_build_object('outcome', 'responded', 'reason', v_reason);
  v_answer := v_answer || jsonb_build_object('audit_seq', keyctl.append_audit(
    p_operation, p_context, 'finding.responded', f.key_id, f.family_id, v_reason,
    jsonb_build_object('rule_name', r.rule_name, 'response', r.response, 'finding', keyctl.finding_brief(f),
      'before', v_change -> 'before', 'after', v_change -> 'after', 'until', v_answer -> 'until'), v_answer));
  insert into keyctl.responses (finding_id, rule_name, response, key_id, ip, responded_at, audit_seq)
  values (f.finding_id, r.rule_name, r.response, f.key_id, f.ip, v_now, (v_answer ->> 'audit_seq')::bigint);
  return v_answer;
end $$;

revoke all on function keyctl.respond_to_finding from public;
grant execute on function keyctl.respond_to_finding to keyctl_admin;
