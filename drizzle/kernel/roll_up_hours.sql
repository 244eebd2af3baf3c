-- Remakes up to p_limit queued hours from the events themselves, key by key, and answers how many: fewer than asked for
-- means that the queue is empty, or that others are at work on the rest. Hours that another rollup holds are left to it. The
-- hours are locked by a statement of their own: only so the next one sees every event that was collected with them.
create or replace function keyctl.roll_up_hours(p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_keys text[];
  v_hours timestamptz[];
begin
  select array_agg(t.key_id), array_agg(t.hour) into v_keys, v_hours
  from (select q.key_id, q.hour from keyctl.usage_touched q order by q.key_id, q.hour limit p_limit for update skip locked) t;
  if v_keys is null then
    return 0;
  end if;
  perform keyctl.remake_hours(v_keys, v_hours);
  delete from keyctl.usage_touched q
  using unnest(v_keys, v_hours) d (key_id, hour) where q.key_id = d.key_id and q.hour = d.hour;
  return cardinality(v_keys);
end $$;

revoke all on function keyctl.roll_up_hours from public;
grant execute on function keyctl.roll_up_hours to keyctl_operator;
