-- Says that somebody looks into these findings. Of each one the outcome: `acknowledged`, `already_acknowledged` (nothing
-- changed), `dismissed` or `escalated` (it is past that; nothing changed), `not_found`.
create or replace function keyctl.acknowledge_findings(p_operation uuid, p_context jsonb, p_finding_ids text[]) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz;
  v_outcome text;
  v_results jsonb := '[]';
  v_entries jsonb := '[]';
  v_answer jsonb;
  v_id text;
  f keyctl.findings;
begin
  perform from keyctl.detection_state for update;
  v_answer := keyctl.prior_finding_answer(p_operation, '{finding.acknowledged}');
  if v_answer is not null then
    return v_answer;
  end if;
  v_now := clock_timestamp();
  foreach v_id in array p_finding_ids loop
    update keyctl.findings set status = 'acknowledged', status_at = v_now, status_by = session_user, status_reason = null
    where finding_id = v_id and status = 'open'
    returning * into f;
    if found then
      v_outcome := 'acknowledged';
      v_entries := v_entries || jsonb_build_object('action', 'finding.acknowledged', 'key_id', f.key_id,
        'family_id', f.family_id, 'finding', keyctl.finding_brief(f));
    else
      select case k.status when 'acknowledged' then 'already_acknowledged' else k.status end into v_outcome
      from keyctl.findings k where k.finding_id = v_id;
    end if;
    v_results := v_results || jsonb_build_object('finding_id', v_id, 'outcome', coalesce(v_outcome, 'not_found'));
  end loop;

  v_answer := jsonb_build_object('outcome', 'acknowledged', 'results', v_results);
  if v_entries = '[]' then
    return v_answer || jsonb_build_object('audit_seq', null, 'repeated', false);
  end if;
  return v_answer || jsonb_build_object('repeated', false,
    'audit_seq', keyctl.append_finding_audit(p_operation, p_context, null, v_entries, '{}', v_answer));
end $$;

revoke all on function keyctl.acknowledge_findings from public;
grant execute on function keyctl.acknowledge_findings to keyctl_operator;
