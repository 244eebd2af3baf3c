-- Makes sure that the weekly partitions (Monday 00:00 UTC) of usage_events and stray_events exist for the given
-- weeks, and answers how many were made. A table is made first and attached then: ATTACH lets readers and writers
-- of the parent go on, CREATE … PARTITION OF would stop them. Makers queue on the installation's one row.
create or replace function keyctl.ensure_partitions(p_days date[]) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_week timestamptz;
  v_parent text;
  v_name text;
  v_made integer := 0;
begin
  if exists (
    select from unnest(p_days) d, unnest(array['usage_events', 'stray_events']) p
    where to_regclass(format('keyctl.%I', p || '_' || to_char(date_trunc('week', d::timestamp), 'YYYYMMDD'))) is null
  ) then
    perform from keyctl.installation for update;
    for v_week, v_parent in
      select distinct date_trunc('week', d::timestamp) at time zone 'UTC', p
      from unnest(p_days) d, unnest(array['usage_events', 'stray_events']) p order by 1, 2
    loop
      v_name := v_parent || '_' || to_char(v_week at time zone 'UTC', 'YYYYMMDD');
      if to_regclass(format('keyctl.%I', v_name)) is null then
        execute format('create table keyctl.%I (like keyctl.%I including defaults including constraints)', v_name, v_parent);
        execute format('alter table keyctl.%I attach partition keyctl.%I for values from (%L) to (%L)',
          v_parent, v_name, v_week, v_week + interval '7 days');
        v_made := v_made + 1;
      end if;
    end loop;
  end if;
  return v_made;
end $$;

revoke all on function keyctl.ensure_partitions from public;
grant execute on function keyctl.ensure_partitions to keyctl_operator, keyctl_gateway;
