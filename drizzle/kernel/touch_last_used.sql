-- Moves last_used_at of the given keys ({key_id: time}) forward, never back. Keys are locked in id order (F38), and
-- as the last thing of a batch, so that a revoke of one of them waits for nothing but this. Logs may run ahead of this
-- clock by a day; a last use does not.
create or replace function keyctl.touch_last_used(p_used jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from keyctl.api_keys where id in (select jsonb_object_keys(p_used)) order by id for no key update;
  update keyctl.api_keys k set last_used_at = u.used
  from (select e.key, least((e.value #>> '{}')::timestamptz, clock_timestamp()) as used from jsonb_each(p_used) e) u
  where k.id = u.key and (k.last_used_at is null or k.last_used_at < u.used);
end $$;

revoke all on function keyctl.touch_last_used from public;
