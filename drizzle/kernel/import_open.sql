-- Opens an import, or finds it again; false when it is closed already: its outcome is import_close's to repeat. Rows that
-- a killed import left behind are dropped after a day.
create or replace function keyctl.import_open(p_run uuid) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  with old as (
    delete from keyctl.import_runs
    where closed_at is null and run_id <> p_run and opened_at < clock_timestamp() - interval '1 day'
    returning run_id
  )
  delete from keyctl.import_rows r using old where r.run_id = old.run_id;

  insert into keyctl.import_runs (run_id) values (p_run) on conflict do nothing;
  return not exists (select from keyctl.import_runs where run_id = p_run and closed_at is not null);
end $$;

revoke all on function keyctl.import_open from public;
grant execute on function keyctl.import_open to keyctl_admin;
