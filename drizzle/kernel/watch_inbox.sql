-- Notes which hours of linked keys lie in an inbox that is being taken, for `watch_incidents` to look at. Only for ingest_take.
create or replace function keyctl.watch_inbox(p_inbox text, p_presented text[], p_target text[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_presented text[];
  v_target text[];
begin
  select array_agg(m.presented), array_agg(m.key_id) into v_presented, v_target
  from unnest(p_presented, p_target) m (presented, key_id)
  where m.key_id in (select l.key_id from keyctl.incident_keys l);
  if v_presented is null then
    return;
  end if;
  execute format($sql$
    insert into keyctl.incident_watch (key_id, hour)
    select distinct m.key_id, date_trunc('hour', b.ts, 'UTC')
    from keyctl.%I b join unnest($1, $2) m (presented, key_id) on m.presented = b.presented
    order by 1, 2
    on conflict (key_id, hour) do update set queued_at = excluded.queued_at
  $sql$, p_inbox) using v_presented, v_target;
end $$;

revoke all on function keyctl.watch_inbox from public;
