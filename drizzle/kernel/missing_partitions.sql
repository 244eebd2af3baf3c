-- Which weekly partitions (Monday 00:00 UTC) of usage_events and stray_events are not there for the given days: neither under the
-- name of their week, nor as a part of a longer time that a table attached by hand holds.
create or replace function keyctl.missing_partitions(p_days date[]) returns table (week timestamptz, parent text, name text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select w.week at time zone 'UTC', p.parent, n.name
  from (select distinct date_trunc('week', d::timestamp) as week from unnest(p_days) d) w
  cross join unnest(array['stray_events', 'usage_events']) p (parent)
  cross join lateral (select p.parent || '_' || to_char(w.week, 'YYYYMMDD')) n (name)
  where to_regclass(format('keyctl.%I', n.name)) is null
    and not exists (
      select from keyctl.usage_partitions h
      where h.parent = p.parent and coalesce(h.from_at, '-infinity') <= w.week at time zone 'UTC'
        and coalesce(h.until_at, 'infinity') > w.week at time zone 'UTC')
  order by 1, 2
$$;

revoke all on function keyctl.missing_partitions from public;
grant execute on function keyctl.missing_partitions to keyctl_viewer;
