-- The caller's own open import, locked; KC404 when there is none.
create or replace function keyctl.import_run(p_run uuid) returns keyctl.import_runs
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r keyctl.import_runs;
begin
  select * into r from keyctl.import_runs
  where run_id = p_run and opened_by = session_user and closed_at is null for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such open import of yours';
  end if;
  return r;
end $$;

revoke all on function keyctl.import_run from public;
