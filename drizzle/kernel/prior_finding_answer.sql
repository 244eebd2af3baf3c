-- The answer that a change of findings got the first time (see append_finding_audit); null when the operation is new.
create or replace function keyctl.prior_finding_answer(p_operation uuid, p_actions text[]) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select (a.record::jsonb -> 'answer') || jsonb_build_object('audit_seq', a.seq, 'repeated', true)
  from keyctl.audit_log a
  where a.operation_id = p_operation and a.action = any (p_actions)
  order by a.seq limit 1
$$;

revoke all on function keyctl.prior_finding_answer from public;
