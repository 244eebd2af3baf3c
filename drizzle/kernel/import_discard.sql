-- Forgets an import of which nothing was made: one that was only tried, declined, or whose file could not be read.
create or replace function keyctl.import_discard(p_run uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with gone as (
    delete from keyctl.import_runs
    where run_id = p_run and opened_by = session_user and closed_at is null and imported = 0
    returning run_id
  )
  delete from keyctl.import_rows r using gone where r.run_id = gone.run_id
$$;

revoke all on function keyctl.import_discard from public;
grant execute on function keyctl.import_discard to keyctl_admin;
