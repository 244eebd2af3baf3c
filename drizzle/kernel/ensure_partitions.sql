-- Makes sure that the weekly partitions (Monday 00:00 UTC) of usage_events and stray_events exist for the given
-- weeks, and answers how many were made. A table is made first and attached then: ATTACH lets readers and writers
-- of the parent go on, CREATE … PARTITION OF would stop them. Makers queue on the installation's one row. Seven days are
-- 168 hours, also for a session whose clock changes in that week.
create or replace function keyctl.ensure_partitions(p_days date[]) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_missing record;
  v_made integer := 0;
begin
  if exists (select from keyctl.missing_partitions(p_days)) then
    perform from keyctl.installation for update;
    for v_missing in select * from keyctl.missing_partitions(p_days) loop
      execute format('create table keyctl.%I (like keyctl.%I including defaults including constraints)', v_missing.name, v_missing.parent);
      execute format('alter table keyctl.%I attach partition keyctl.%I for values from (%L) to (%L)',
        v_missing.parent, v_missing.name, v_missing.week, v_missing.week + interval '168 hours');
      v_made := v_made + 1;
    end loop;
  end if;
  return v_made;
end $$;

revoke all on function keyctl.ensure_partitions from public;
grant execute on function keyctl.ensure_partitions to keyctl_operator, keyctl_gateway;
