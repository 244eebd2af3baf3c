-- Remakes queued hours, oldest first, until some p_limit events were dealt with, and answers how many hours of keys it were: 0 means
-- that the queue is empty, or that others are at work on the rest. Hours that another rollup holds are left to it. The
-- hours are locked by statements of their own: only so the next one sees every event that was collected with them.
create or replace function keyctl.roll_up_hours(p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  -- Fetched one by one, and so locked one by one; a loop over it would fetch, and lock, fifty at once.
  v_queue cursor for select q.hour, q.filed + q.rolled as events from keyctl.usage_touched q order by q.hour for update skip locked;
  v_next record;
  v_events bigint := 0;
  v_held timestamptz[] := '{}';
  v_keys text[];
  v_hours timestamptz[];
  v_stretch record;
  v_made bigint := 0;
begin
  open v_queue;
  while v_events < p_limit loop
    fetch v_queue into v_next;
    exit when not found;
    v_held := v_held || v_next.hour;
    v_events := v_events + v_next.events;
  end loop;
  close v_queue;

  -- Whole hours that follow one another are one stretch of the log.
  for v_stretch in
    select array_agg(w.hour order by w.hour) as hours, w.all_new
    from (select q.hour, q.rolled = 0 as all_new,
            q.hour - row_number() over (partition by q.rolled = 0 order by q.hour) * interval '1 hour' as begun
          from keyctl.usage_touched q where q.hour = any (v_held) and q.keys is null) w
    group by w.all_new, w.begun
  loop
    v_made := v_made + greatest(keyctl.remake_hours(null, v_stretch.hours, v_stretch.all_new), 1);
  end loop;
  select array_agg(k), array_agg(q.hour) into v_keys, v_hours
  from keyctl.usage_touched q cross join lateral unnest(q.keys) k where q.hour = any (v_held);
  if v_keys is not null then
    perform keyctl.remake_hours(v_keys, v_hours, false);
    v_made := v_made + cardinality(v_keys);
  end if;
  delete from keyctl.usage_touched q where q.hour = any (v_held);
  return v_made;
end $$;

revoke all on function keyctl.roll_up_hours from public;
grant execute on function keyctl.roll_up_hours to keyctl_operator;
