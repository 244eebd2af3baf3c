-- Says that these findings are nothing to act on, and why. Of each one the outcome: `dismissed`, `already_dismissed` (a
-- suppression that was asked for is still made), `not_found`.
--   p_suppress_until: until then nothing is raised for the same story, nor for the same family, detector and cause;
--     at most a year away. Everything else about the key is raised as before.
create or replace function keyctl.dismiss_findings(
  p_operation uuid, p_context jsonb, p_finding_ids text[], p_reason text, p_suppress_until timestamptz default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_reason text := keyctl.check_reason(p_reason);
  v_now timestamptz;
  v_before text;
  v_results jsonb := '[]';
  v_entries jsonb := '[]';
  v_answer jsonb;
  v_id text;
  f keyctl.findings;
begin
  perform from keyctl.detection_state for update;
  v_answer := keyctl.prior_finding_answer(p_operation, '{finding.dismissed}');
  if v_answer is not null then
    return v_answer;
  end if;
  v_now := clock_timestamp();
  if p_suppress_until <= v_now or p_suppress_until > v_now + interval '366 days' then
    raise exception using errcode = 'KC422', message = 'a suppression ends in the future, and within a year';
  end if;
  foreach v_id in array p_finding_ids loop
    select status into v_before from keyctl.findings where finding_id = v_id;
    if not found then
      v_results := v_results || jsonb_build_object('finding_id', v_id, 'outcome', 'not_found');
      continue;
    end if;
    update keyctl.findings
    set status = 'dismissed', status_at = v_now, status_by = session_user, status_reason = v_reason
    where finding_id = v_id and (status <> 'dismissed' or p_suppress_until is not null)
    returning * into f;
    if found then
      if p_suppress_until is not null then
        insert into keyctl.finding_suppressions (detector, family_id, ip, cause, story, reason, suppressed_at, suppressed_by, suppressed_until)
        values (f.detector, f.family_id, f.ip, f.cause, f.story, v_reason, v_now, session_user, p_suppress_until);
      end if;
      v_entries := v_entries || jsonb_build_object('action', 'finding.dismissed', 'key_id', f.key_id,
        'family_id', f.family_id, 'finding', keyctl.finding_brief(f) || jsonb_build_object('status_before', v_before));
    end if;
    v_results := v_results || jsonb_build_object('finding_id', v_id, 'outcome',
      case v_before when 'dismissed' then 'already_dismissed' else 'dismissed' end);
  end loop;

  v_answer := jsonb_build_object('outcome', 'dismissed', 'results', v_results, 'suppressed_until', p_suppress_until);
  if v_entries = '[]' then
    return v_answer || jsonb_build_object('audit_seq', null, 'repeated', false);
  end if;
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_finding_audit(p_operation, p_context,
    v_reason, v_entries, jsonb_build_object('suppressed_until', p_suppress_until), v_answer));
end $$;

revoke all on function keyctl.dismiss_findings from public;
grant execute on function keyctl.dismiss_findings to keyctl_operator;
