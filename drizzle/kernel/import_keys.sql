-- Makes the next keys of a planned import, some 500 in whole families, each with its audit row key.imported, and answers
-- how far it is: {imported, done}. The caller asks again until it is done. One statement a batch, so that the head of the
-- chain is not held for long and a revoke does not wait.
-- Imports take turns. What another one, or an ingest that adopts, registered since the plan is a conflict or unchanged;
-- of a family of which some are there now, the rest is left out too.
create or replace function keyctl.import_keys(p_operation uuid, p_context jsonb, p_run uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_run keyctl.import_runs;
  v_roots bigint[];
  v_free boolean;
  v_rows jsonb;
begin
  lock table keyctl.import_runs in share row exclusive mode;
  v_run := keyctl.import_run(p_run);
  v_roots := array(
    select distinct root_line from keyctl.import_rows
    where run_id = p_run and state = 'planned' and root_line > v_run.done_until order by root_line limit 500);
  if v_run.planned_at is null or cardinality(v_roots) = 0 then
    return jsonb_build_object('imported', v_run.imported, 'done', v_run.planned_at is not null);
  end if;
  -- Looked for first, by index: comparing costs more than making them. One OR over three of them would read all keys.
  select count(*) = 0 into v_free
  from keyctl.import_rows r
  cross join lateral (
    select from keyctl.api_keys k where k.external_id = r.external_id
    union all select from keyctl.api_keys k where k.digest = r.digest
    union all select from keyctl.api_keys k where k.id = r.key_id
  ) found
  where r.run_id = p_run and r.state = 'planned' and r.root_line = any (v_roots);
  if not v_free then
    perform keyctl.import_settle(p_run, v_roots);
    update keyctl.import_rows r set state = 'conflict', cause = 'meanwhile'
    where run_id = p_run and state = 'planned' and root_line = any (v_roots) and exists (
      select from keyctl.import_rows s where s.run_id = p_run and s.root_line = r.root_line and s.state <> 'planned');
  end if;

  v_rows := keyctl.import_batch(p_run, v_roots);
  perform keyctl.link_strays(array(select made ->> 'key_id' from jsonb_array_elements(v_rows) made));
  update keyctl.import_rows set state = 'imported' where run_id = p_run and state = 'planned' and root_line = any (v_roots);
  update keyctl.import_runs
  set imported = imported + jsonb_array_length(v_rows), done_until = v_roots[cardinality(v_roots)]
  where run_id = p_run;
  if v_rows <> '[]' then
    perform keyctl.append_audit_rows(p_operation, p_context, v_rows);
  end if;
  return jsonb_build_object('imported', v_run.imported + jsonb_array_length(v_rows), 'done', false);
exception when unique_violation then
  -- An ingest adopted one of these names at this very moment: it has committed, so the next call finds it.
  return jsonb_build_object('imported', v_run.imported, 'done', false);
end $$;

revoke all on function keyctl.import_keys from public;
grant execute on function keyctl.import_keys to keyctl_admin;
