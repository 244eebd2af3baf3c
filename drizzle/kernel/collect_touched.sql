-- Queues the hours of all events that were filed since the last time, and answers how many; null when another one is just
-- doing it. Which events those are
-- is told by the transactions that filed them: everything that the last snapshot did not see, so that nothing is left out that
-- was committed late, and nothing is collected twice. An hour that is queued already is touched again, which waits for a
-- rollup that is just remaking it: that one did not see these events. After a restore on another server, where transactions
-- count from the beginning again, everything is queued.
create or replace function keyctl.collect_touched() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_seen pg_snapshot;
  v_cluster bigint;
  v_here bigint := (select c.system_identifier from pg_control_system() c);
  v_queued bigint;
begin
  select s.seen, s.cluster into v_seen, v_cluster from keyctl.rollup_state s for update skip locked;
  if not found then
    return null;
  end if;
  if v_cluster is distinct from v_here or pg_snapshot_xmin(v_seen) > pg_snapshot_xmax(pg_current_snapshot()) then
    v_seen := null;
  end if;
  -- One statement: the snapshot that is kept is the one that the events were read with.
  with noted as (
    update keyctl.rollup_state set seen = pg_current_snapshot(), cluster = v_here, collected_at = clock_timestamp()
  ), queued as (
    insert into keyctl.usage_touched (key_id, hour)
    select u.key_id, date_trunc('hour', u.ts, 'UTC') from keyctl.usage_events u
    where v_seen is null
       or (u.filed_xid >= pg_snapshot_xmin(v_seen)::text::bigint
           and u.filed_xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
           and not pg_visible_in_snapshot(u.filed_xid::text::xid8, v_seen))
    group by 1, 2 order by 1, 2
    on conflict (key_id, hour) do update set touched_at = excluded.touched_at
    returning 1
  )
  select count(*) into v_queued from queued;
  return v_queued;
end $$;

revoke all on function keyctl.collect_touched from public;
grant execute on function keyctl.collect_touched to keyctl_operator;
