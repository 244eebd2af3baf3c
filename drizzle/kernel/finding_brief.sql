-- What the record says of a finding: enough to know it again, and no more of an attacker's text than that takes.
create or replace function keyctl.finding_brief(p_finding keyctl.findings) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('finding_id', p_finding.finding_id, 'detector', p_finding.detector, 'severity', p_finding.severity,
    'ip', left(p_finding.ip, 100), 'cause', left(p_finding.cause, 200), 'onset_at', p_finding.onset_at,
    'observed', p_finding.observed, 'expected_high', p_finding.expected_high)
$$;

revoke all on function keyctl.finding_brief from public;
