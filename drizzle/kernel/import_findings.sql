-- The rows of an import that are not taken, with the cause, by line: a thousand at a time, those behind p_after.
create or replace function keyctl.import_findings(p_run uuid, p_after bigint)
returns table (line bigint, outcome text, cause text, external_id text, key_id text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select r.line, r.state, r.cause, r.external_id, r.found_key_id
  from keyctl.import_rows r
  join keyctl.import_runs i using (run_id)
  where r.run_id = p_run and i.opened_by = session_user and r.line > p_after and r.state in ('conflict', 'rejected')
  order by r.line
  limit 1000
$$;

revoke all on function keyctl.import_findings from public;
grant execute on function keyctl.import_findings to keyctl_admin;
