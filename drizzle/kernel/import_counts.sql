-- What an import comes to, by the state of its rows; before its keys are made, `imported` are those that are going to be.
create or replace function keyctl.import_counts(p_run uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with judged as (
    select r.*, state in ('planned', 'imported') as taken,
      keyctl.import_fate(status, ended_at, after_line is not null, clock_timestamp()) as fate
    from keyctl.import_rows r where run_id = p_run
  )
  select jsonb_build_object(
    'rows', count(*),
    'imported', count(*) filter (where taken),
    'unchanged', count(*) filter (where state = 'unchanged'),
    'conflicts', count(*) filter (where state = 'conflict'),
    'rejected', count(*) filter (where state = 'rejected'),
    'weak', count(*) filter (where taken and digest is not null),
    'tracked_only', count(*) filter (where taken and digest is null),
    'revoked', count(*) filter (where taken and fate = 'revoked'),
    'replaced', count(*) filter (where taken and fate = 'replaced'),
    'unlinked', count(*) filter (where taken
      and (replaces is not null and before_line is null or replaced_by is not null and after_line is null)),
    'causes', coalesce((select jsonb_object_agg(cause, times) from (
      select cause, count(*) as times from judged where cause is not null group by cause) c), '{}'))
  from judged
$$;

revoke all on function keyctl.import_counts from public;
