-- Writes down what live detection found, at most 100 findings, and how far it has looked. Of each one the outcome:
--   raised      new: nothing of the same story within 24 hours
--   worsened    known, and more severe now: it is open again, whatever had become of it, unless an incident has it
--   known       known; the numbers are those of its strongest window, `last_seen_at` is that of the newest, or of the newest request
--               that its address was let in with, when it is high or critical
--   suppressed  dismissed until a date that has not come: nothing is written
-- Only what is raised or worsened is in the record. An operation that was asked before gets its first answer; one that raised
-- nothing may be asked again at will, because it finds all of it known.
--   p_findings: rows of keyctl.findings as JSON; `detected_at` is now, by the database's clock
create or replace function keyctl.record_findings(
  p_operation uuid, p_context jsonb, p_findings jsonb, p_judged_until timestamptz default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_order constant text[] := array['info', 'low', 'medium', 'high', 'critical'];
  v_now timestamptz;
  v_hushed boolean;
  v_worse boolean;
  v_outcome text;
  v_results jsonb := '[]';
  v_entries jsonb := '[]';
  v_answer jsonb;
  n keyctl.findings;
  f keyctl.findings;
begin
  -- Two that look at the same hour at once must not both raise it.
  perform from keyctl.detection_state for update;
  v_answer := keyctl.prior_finding_answer(p_operation, '{finding.raised,finding.worsened}');
  if v_answer is not null then
    return v_answer;
  elsif jsonb_array_length(p_findings) > 100 then
    raise exception using errcode = 'KC422', message = 'at most 100 findings are recorded at once';
  end if;
  v_now := clock_timestamp();
  update keyctl.detection_state set judged_until = greatest(judged_until, least(p_judged_until, v_now))
  where p_judged_until is not null;

  for n in select * from jsonb_populate_recordset(null::keyctl.findings, p_findings) loop
    if n.window_start is null or n.window_end is null or n.window_start > n.window_end then
      raise exception using errcode = 'KC422', message = 'the window of a finding ends after it begins';
    end if;
    n.cause := left(coalesce(n.cause, ''), 500);
    n.detected_at := v_now;
    n.last_seen_at := n.window_end;
    n.onset_at := coalesce(n.onset_at, n.window_start);
    n.status := 'open';
    n.status_at := null; n.status_by := null; n.status_reason := null; n.incident_id := null;

    n.story := left(coalesce(n.story, md5(jsonb_build_array(n.detector, n.family_id, n.ip, n.cause)::text)), 100);
    v_hushed := exists (
      select from keyctl.finding_suppressions s
      where s.detector = n.detector and s.suppressed_until > v_now
        and (s.story = n.story or s.cause = n.cause and s.family_id = n.family_id));

    select k.* into f from keyctl.findings k
    where k.story = n.story
      and k.last_seen_at >= n.window_start - interval '24 hours' and k.onset_at <= n.window_end + interval '24 hours'
    order by k.last_seen_at desc limit 1;
    if not found then
      select k.* into f from keyctl.findings k where k.finding_id = n.finding_id;
    end if;

    if f.finding_id is null and v_hushed then
      v_results := v_results || jsonb_build_object('finding_id', n.finding_id, 'outcome', 'suppressed');
      continue;
    elsif f.finding_id is null then
      insert into keyctl.findings select n.*;
      f := n;
      v_outcome := 'raised';
    else
      v_outcome := case when array_position(v_order, n.severity) > array_position(v_order, f.severity)
        and not v_hushed then 'worsened' else 'known' end;
      v_worse := v_outcome = 'worsened'
        or array_position(v_order, n.severity) = array_position(v_order, f.severity)
          and case when n.bits is null or f.bits is null then n.observed > f.observed else n.bits > f.bits end;
      if v_worse then
        f.severity := n.severity; f.key_id := n.key_id; f.observed := n.observed;
        f.expected_low := n.expected_low; f.expected_high := n.expected_high; f.bits := n.bits;
        f.calibrated_bits := n.calibrated_bits; f.weight := n.weight; f.evidence := n.evidence;
        f.reproduce_sql := n.reproduce_sql; f.window_start := n.window_start; f.window_end := n.window_end;
      end if;
      if v_outcome = 'worsened' and f.status in ('acknowledged', 'dismissed') then
        f.status := 'open'; f.status_at := v_now; f.status_by := session_user; f.status_reason := null;
      end if;
      update keyctl.findings k set
        severity = f.severity, key_id = f.key_id, observed = f.observed, expected_low = f.expected_low,
        expected_high = f.expected_high, bits = f.bits, calibrated_bits = f.calibrated_bits, weight = f.weight,
        evidence = f.evidence, reproduce_sql = f.reproduce_sql, window_start = f.window_start, window_end = f.window_end,
        onset_at = least(f.onset_at, n.onset_at), last_seen_at = greatest(f.last_seen_at, n.window_end),
        status = f.status, status_at = f.status_at, status_by = f.status_by, status_reason = f.status_reason
      where k.finding_id = f.finding_id;
    end if;
    v_results := v_results || jsonb_build_object('finding_id', f.finding_id, 'outcome', v_outcome);
    if v_outcome in ('raised', 'worsened') then
      v_entries := v_entries || jsonb_build_object('action', 'finding.' || v_outcome, 'key_id', f.key_id,
        'family_id', f.family_id, 'finding', keyctl.finding_brief(f));
    end if;
  end loop;

  -- A grave finding goes on as long as its address is let in with a key of the family: while it does, nothing is over.
  update keyctl.findings g set last_seen_at = u.at
  from (
    select c.finding_id, (
      select max(e.ts) from keyctl.usage_events e
      where e.key_id = any (array(select a.id from keyctl.api_keys a where a.family_id = c.family_id))
        and e.ts > greatest(c.last_seen_at, v_now - interval '1 day') and e.ts <= v_now
        and e.ip_text = c.ip and (e.status is null or e.status < 400)) as at
    from keyctl.findings c
    where c.status <> 'dismissed' and c.severity in ('high', 'critical') and c.family_id is not null and c.ip is not null
      and c.last_seen_at > v_now - interval '8 days'
  ) u
  where g.finding_id = u.finding_id and u.at is not null;

  v_answer := jsonb_build_object('outcome', 'recorded', 'results', v_results);
  if v_entries = '[]' then
    return v_answer || jsonb_build_object('audit_seq', null, 'repeated', false);
  end if;
  return v_answer || jsonb_build_object('repeated', false,
    'audit_seq', keyctl.append_finding_audit(p_operation, p_context, null, v_entries, '{}', v_answer));
end $$;

revoke all on function keyctl.record_findings from public;
grant execute on function keyctl.record_findings to keyctl_operator;
