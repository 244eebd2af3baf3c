-- Decides about every row of an import, once all of them have come, and answers the counts (import_counts). Nothing is
-- made yet. p_staged is how many rows the caller sent: after a crash of the server the unlogged rows are gone, and half
-- of a file must not pass for the whole (KC409).
create or replace function keyctl.import_plan(p_run uuid, p_staged bigint) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_run keyctl.import_runs := keyctl.import_run(p_run);
begin
  if v_run.planned_at is null then
    if (select count(*) from keyctl.import_rows where run_id = p_run) <> p_staged then
      raise exception using errcode = 'KC409', message = 'not all rows of the import are there; nothing was imported';
    end if;
    analyze keyctl.import_rows;

    -- The first of equal ones counts.
    update keyctl.import_rows r set state = 'rejected', cause = 'duplicate'
    from (
      select line, row_number() over (partition by external_id order by line) as named,
        row_number() over (partition by digest order by line) as proven, external_id, digest, key_id,
        row_number() over (partition by key_id order by line) as called
      from keyctl.import_rows where run_id = p_run
    ) d
    where r.run_id = p_run and r.line = d.line
      and (d.external_id is not null and d.named > 1 or d.digest is not null and d.proven > 1 or d.called > 1);
    update keyctl.import_rows r set state = 'rejected', cause = 'unknown_policy'
    where r.run_id = p_run and r.state = 'planned' and r.policy is not null
      and not exists (select from keyctl.policies p where p.name = r.policy and p.applies_to = 'policy');
    perform keyctl.import_settle(p_run);
    perform keyctl.import_chains(p_run);
    update keyctl.import_runs set planned_at = clock_timestamp() where run_id = p_run;
  end if;
  return keyctl.import_counts(p_run);
end $$;

revoke all on function keyctl.import_plan from public;
grant execute on function keyctl.import_plan to keyctl_admin;
