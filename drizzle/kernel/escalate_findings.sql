-- Makes these findings part of an incident that is not closed (KC404, KC409). Of each one the outcome: `escalated`,
-- `already_escalated` (to this incident; nothing changed), `elsewhere` (another incident has it; nothing changed), `not_found`.
-- The rows carry the incident, so that they stand in its timeline, and the keys become linked to it.
create or replace function keyctl.escalate_findings(
  p_operation uuid, p_context jsonb, p_finding_ids text[], p_incident_id text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz;
  v_keys text[];
  v_rows jsonb;
  v_seq bigint;
  v_results jsonb := '[]';
  v_entries jsonb := '[]';
  v_answer jsonb;
  v_id text;
  i keyctl.incidents;
  f keyctl.findings;
begin
  perform from keyctl.detection_state for update;
  v_answer := keyctl.prior_finding_answer(p_operation, '{finding.escalated}');
  if v_answer is not null then
    return v_answer;
  end if;
  i := keyctl.lock_incident(p_incident_id);
  if i.state = 'closed' then
    raise exception using errcode = 'KC409', message = format('%s is closed: a finding needs an open incident', i.incident_id);
  end if;
  v_now := clock_timestamp();
  foreach v_id in array p_finding_ids loop
    select * into f from keyctl.findings where finding_id = v_id;
    if not found then
      v_results := v_results || jsonb_build_object('finding_id', v_id, 'outcome', 'not_found');
    elsif f.status = 'escalated' then
      v_results := v_results || jsonb_build_object('finding_id', v_id, 'outcome',
        case f.incident_id when p_incident_id then 'already_escalated' else 'elsewhere' end);
    else
      update keyctl.findings
      set status = 'escalated', status_at = v_now, status_by = session_user, status_reason = null, incident_id = p_incident_id
      where finding_id = v_id;
      v_results := v_results || jsonb_build_object('finding_id', v_id, 'outcome', 'escalated');
      v_entries := v_entries || jsonb_build_object('action', 'finding.escalated', 'key_id', f.key_id,
        'family_id', f.family_id, 'finding', keyctl.finding_brief(f) || jsonb_build_object('status_before', f.status));
    end if;
  end loop;

  v_answer := jsonb_build_object('outcome', 'escalated', 'results', v_results, 'incident_id', p_incident_id);
  if v_entries = '[]' then
    return v_answer || jsonb_build_object('audit_seq', null, 'repeated', false);
  end if;
  v_seq := keyctl.append_finding_audit(p_operation, p_context || jsonb_build_object('incident_id', p_incident_id), null, v_entries,
    jsonb_build_object('incident_id', p_incident_id), v_answer);
  v_keys := array(
    select distinct k.id from jsonb_to_recordset(v_entries) e (key_id text) join keyctl.api_keys k on k.id = e.key_id order by 1);
  v_rows := keyctl.link_keys(i, v_keys, 'named by a finding');
  if v_rows <> '[]' then
    v_rows := v_rows || coalesce(jsonb_build_array(keyctl.settle_containment(i)), '[]');
    perform keyctl.append_audit_rows(p_operation, p_context || jsonb_build_object('incident_id', p_incident_id),
      jsonb_path_query_array(v_rows, '$[*] ? (@ != null)'));
  end if;
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', v_seq);
end $$;

revoke all on function keyctl.escalate_findings from public;
grant execute on function keyctl.escalate_findings to keyctl_operator;
