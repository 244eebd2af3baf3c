-- Appends the rows of one change of findings, one row an action and key (the log holds one of an operation), and returns the seq
-- of the last. The first row holds the answer, for `prior_finding_answer`.
--   p_entries: [{action, key_id, family_id, finding}], `finding` as it stands in the row's details
create or replace function keyctl.append_finding_audit(
  p_operation uuid, p_context jsonb, p_reason text, p_entries jsonb, p_details jsonb, p_answer jsonb
) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
  select keyctl.append_audit_rows(p_operation, p_context, (
    select jsonb_agg(r.row || jsonb_build_object('answer', case when r.at = 1 then p_answer end) order by r.at)
    from (
      select row_number() over (order by e.action, e.key_id nulls first) as at,
        jsonb_build_object('action', e.action, 'key_id', e.key_id, 'family_id', min(e.family_id), 'reason', p_reason,
          'details', p_details || jsonb_build_object('findings', jsonb_agg(e.finding))) as row
      from jsonb_to_recordset(p_entries) e (action text, key_id text, family_id text, finding jsonb)
      group by e.action, e.key_id
    ) r))
$$;

revoke all on function keyctl.append_finding_audit from public;
