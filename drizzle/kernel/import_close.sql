-- Ends an import: drops its rows and writes the audit row db.imported with the counts and what only the reader saw (source,
-- rows it rejected itself, by cause). Asked again it gives the first answer. Rows still planned are an error (KC409).
create or replace function keyctl.import_close(p_operation uuid, p_context jsonb, p_run uuid, p_report jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_answer jsonb;
begin
  perform from keyctl.import_runs where run_id = p_run for update;
  v_answer := keyctl.prior_answer(p_operation, 'db.imported', null);
  if v_answer is not null then
    return v_answer;
  end if;
  perform keyctl.import_run(p_run);
  if exists (select from keyctl.import_rows where run_id = p_run and state = 'planned') then
    raise exception using errcode = 'KC409', message = 'this import is not done';
  end if;
  v_answer := keyctl.import_counts(p_run) || coalesce(p_report, '{}');
  delete from keyctl.import_rows where run_id = p_run;
  update keyctl.import_runs set closed_at = clock_timestamp() where run_id = p_run;
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'db.imported', null, null, null, '{}', v_answer));
end $$;

revoke all on function keyctl.import_close from public;
grant execute on function keyctl.import_close to keyctl_admin;
