-- Queues the hours of all events that were filed since the last time, and answers how many; null when another one is just
-- doing it. Which events those are is told by the transactions that filed them: everything that the last snapshot did not see,
-- so that nothing is left out that was committed late, and nothing is collected twice. An hour that is queued already is touched
-- again, which waits for a rollup that is just remaking it: that one did not see these events. After a restore on another
-- server, where transactions count from the beginning again, everything is queued.
-- Hours that many events came into are queued whole, where reading all of their events costs little more than looking up each
-- key's; of the others the keys are kept. Only those, and linked keys of incidents, take a second pass: one by key and hour for
-- all took three times as long (2 M events in 365,000 hours of keys: 3.4 s, by hour alone 1.1 s).
create or replace function keyctl.collect_touched() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off set work_mem = '64MB'
set enable_nestloop = off as $$
declare
  v_seen pg_snapshot;
  v_cluster bigint;
  v_here bigint := (select c.system_identifier from pg_control_system() c);
  v_new text := 'true';
  v_queued bigint;
begin
  select s.seen, s.cluster into v_seen, v_cluster from keyctl.rollup_state s for update skip locked;
  if not found then
    return null;
  end if;
  if v_cluster is distinct from v_here or pg_snapshot_xmin(v_seen) > pg_snapshot_xmax(pg_current_snapshot()) then
    v_seen := null;
  end if;
  -- Written into the statement, so that the index on filed_xid is planned with them.
  if v_seen is not null then
    v_new := format('u.filed_xid >= %s and u.filed_xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
      and not pg_visible_in_snapshot(u.filed_xid::text::xid8, %L)', pg_snapshot_xmin(v_seen), v_seen);
  end if;
  -- One statement: the snapshot that is kept is the one that the events were read with.
  execute format($sql$
    with noted as (
      update keyctl.rollup_state set seen = pg_current_snapshot(), cluster = $1, collected_at = clock_timestamp()
    ), touched as materialized (
      select date_bin('1 hour', u.ts, '0001-01-01 00:00:00+00') as hour, count(*) as filed from keyctl.usage_events u where %1$s group by 1
    ), crowded as materialized (
      select t.hour, t.filed from touched t where t.filed >= 256
    ), counted as (
      select h.hour, sum(h.requests)::bigint as rolled from keyctl.usage_hours h
      where h.hour >= (select min(c.hour) from crowded c) and h.hour <= (select max(c.hour) from crowded c) group by 1
    ), whole as materialized (
      select c.hour, c.filed, coalesce(n.rolled, 0) as rolled from crowded c left join counted n using (hour)
      where coalesce(n.rolled, 0) <= 7 * c.filed
    ), single as (
      select date_bin('1 hour', u.ts, '0001-01-01 00:00:00+00') as hour, array_agg(distinct u.key_id) as keys, count(*) as filed
      from keyctl.usage_events u
      where %1$s and exists (select from touched t where t.hour not in (select w.hour from whole w))
        and date_bin('1 hour', u.ts, '0001-01-01 00:00:00+00') not in (select w.hour from whole w)
      group by 1
    ), watched as (
      insert into keyctl.incident_watch (key_id, hour)
      select u.key_id, date_bin('1 hour', u.ts, '0001-01-01 00:00:00+00') from keyctl.usage_events u
      where %1$s and exists (select from keyctl.incident_keys) and u.key_id in (select l.key_id from keyctl.incident_keys l)
      group by 1, 2 order by 1, 2
      on conflict (key_id, hour) do update set queued_at = excluded.queued_at
    ), queued as (
      insert into keyctl.usage_touched as q (hour, keys, filed, rolled)
      select w.hour, null, w.filed, w.rolled from whole w
      union all select s.hour, s.keys, s.filed, 0 from single s
      order by 1
      on conflict (hour) do update set
        keys = case when q.keys is not null and excluded.keys is not null then
          array(select distinct k from unnest(q.keys || excluded.keys) k) end,
        filed = q.filed + excluded.filed, rolled = greatest(q.rolled, excluded.rolled), touched_at = excluded.touched_at
      returning 1
    )
    select count(*) from queued
  $sql$, v_new) into v_queued using v_here;
  return v_queued;
end $$;

revoke all on function keyctl.collect_touched from public;
grant execute on function keyctl.collect_touched to keyctl_operator;
