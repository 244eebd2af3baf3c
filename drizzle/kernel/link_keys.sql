-- Links keys to an incident and answers the rows for the log, one a key that was not linked yet. A key that is usable undoes
-- a containment: it is not contained with that one alive. What came in with keys that were dead already is looked at by the
-- next `watch_incidents`. Only for the kernel's own functions, which hold the incident; KC404 for what is no key.
create or replace function keyctl.link_keys(i keyctl.incidents, p_key_ids text[], p_reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_unknown text;
  v_new text[];
  v_rows jsonb;
  v_undone boolean;
begin
  select a.id into v_unknown from unnest(p_key_ids) a (id)
  where not exists (select from keyctl.api_keys k where k.id = a.id) limit 1;
  if v_unknown is not null then
    raise exception using errcode = 'KC404', message = format('%s: no such key', left(v_unknown, 40));
  end if;
  with linked as (
    insert into keyctl.incident_keys (incident_id, key_id, reason)
    select distinct i.incident_id, a.id, p_reason from unnest(p_key_ids) a (id) on conflict do nothing
    returning key_id
  )
  select coalesce(array_agg(key_id order by key_id), '{}') into v_new from linked;
  if v_new = '{}' then
    return '[]';
  end if;

  v_undone := i.state in ('contained', 'recovering') and keyctl.usable_linked(i.incident_id) && v_new;
  if v_undone then
    update keyctl.incidents set state = 'acknowledged', contained_at = null where incident_id = i.incident_id;
  end if;
  insert into keyctl.incident_watch (key_id, hour)
  select k.id, h.hour
  from keyctl.api_keys k
  cross join lateral (select keyctl.dead_since(k, clock_timestamp()) as since) d
  cross join lateral (
    -- Hours that are rolled up, and the last two days, which may not be.
    select u.hour from keyctl.usage_hours u where u.key_id = k.id and u.hour >= date_trunc('hour', d.since, 'UTC')
    union
    select g from generate_series(date_trunc('hour', greatest(d.since, clock_timestamp() - interval '2 days'), 'UTC'),
      clock_timestamp(), interval '1 hour') g
    order by 1 desc limit 2000
  ) h
  where k.id = any (v_new) and d.since is not null
  order by 1, 2
  on conflict do nothing;

  select jsonb_agg(jsonb_build_object('action', 'incident.key_linked', 'key_id', k.id, 'family_id', k.family_id, 'reason', p_reason,
      'details', jsonb_build_object('fingerprint', k.fingerprint, 'containment_undone', v_undone),
      'answer', jsonb_build_object('outcome', 'linked', 'incident_id', i.incident_id, 'key_id', k.id)) order by k.id)
    into v_rows
  from keyctl.api_keys k where k.id = any (v_new);
  return v_rows;
end $$;

revoke all on function keyctl.link_keys from public;
