-- Looks at hours of linked keys in which events came in: whoever used a key after its death is noted by address, and a closed
-- incident whose dead key was let in again is reopened, loudly. Answers {looked, reopened: [{incident_id, title, severity, key_id,
-- name, ips, requests, last_at}], attempts: [{incident_id, key_id, name, accepted, refused, ips, new_ips}]}, `attempts` only where an
-- address is new. Counted from the events themselves, so that an hour looked at twice says the same once; hours that another
-- run holds are left to it. "Let in" is any answer but 401 and 403, as everywhere.
create or replace function keyctl.watch_incidents(p_operation uuid, p_context jsonb, p_limit integer default 500) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_keys text[];
  v_hours timestamptz[];
  v_grown jsonb;
  v_seen jsonb;
  v_reopened jsonb := '[]';
  v_attempts jsonb := '[]';
  v_each record;
begin
  -- A statement of its own: only so the next one sees every event that was noted with them.
  select array_agg(t.key_id), array_agg(t.hour) into v_keys, v_hours
  from (select q.key_id, q.hour from keyctl.incident_watch q order by q.key_id, q.hour limit p_limit for update skip locked) t;
  if v_keys is null then
    return jsonb_build_object('looked', 0, 'reopened', v_reopened, 'attempts', v_attempts);
  end if;

  -- The bounds in time stand in the statement, so that the weeks outside are not even planned.
  execute format($sql$
    with wanted as materialized (
      select d.key_id, d.hour, keyctl.dead_since(k, clock_timestamp()) as since
      from unnest($1, $2) d (key_id, hour) join keyctl.api_keys k on k.id = d.key_id
    ), counted as materialized (
      select w.key_id, w.hour, coalesce(u.ip_text, '') as ip, u.status is null or u.status not in (401, 403) as accepted,
        count(*) as requests, min(u.ts) as first_at, max(u.ts) as last_at
      from wanted w
      join keyctl.usage_events u on u.key_id = w.key_id and u.ts > w.since and u.ts >= w.hour and u.ts < w.hour + interval '1 hour'
      where w.hour + interval '1 hour' > w.since and u.ts >= %L and u.ts < %L
      group by 1, 2, 3, 4
    ), grown as materialized (
      select c.*, not exists (select from keyctl.incident_attempts o where o.key_id = c.key_id and o.ip = c.ip) as new_ip
      from counted c left join keyctl.incident_attempts a using (key_id, hour, ip, accepted)
      where c.requests > coalesce(a.requests, 0)
    ), kept as (
      insert into keyctl.incident_attempts as a (key_id, hour, ip, accepted, requests, first_at, last_at)
      select key_id, hour, ip, accepted, requests, first_at, last_at from grown
      on conflict (key_id, hour, ip, accepted) do update set requests = excluded.requests, first_at = excluded.first_at, last_at = excluded.last_at
    )
    select jsonb_agg(to_jsonb(s)) from (
      select g.key_id, coalesce(sum(g.requests) filter (where g.accepted), 0) as accepted,
        coalesce(sum(g.requests) filter (where not g.accepted), 0) as refused, max(g.last_at) as last_at,
        max(g.last_at) filter (where g.accepted) as accepted_at,
        -- As many as somebody reads: an attacker chooses how many there are.
        to_jsonb((array_agg(distinct g.ip) filter (where g.accepted))[1:20]) as accepted_ips,
        to_jsonb((array_agg(distinct g.ip) filter (where g.new_ip))[1:20]) as new_ips,
        count(distinct g.ip) filter (where g.new_ip) as new_ip_count
      from grown g group by g.key_id) s
  $sql$, (select min(h) from unnest(v_hours) h), (select max(h) + interval '1 hour' from unnest(v_hours) h))
  into v_grown using v_keys, v_hours;

  if v_grown is not null then
    -- All incidents before the first row of the log (F38).
    perform from keyctl.incidents i where i.incident_id in (
      select l.incident_id from keyctl.incident_keys l join jsonb_array_elements(v_grown) g on g ->> 'key_id' = l.key_id)
    order by i.incident_id for no key update;
    for v_each in
      select i.incident_id, i.title, i.severity, i.state, jsonb_agg(g || jsonb_build_object('name', k.name, 'family_id', k.family_id)
        order by k.id) as keys
      from jsonb_array_elements(v_grown) g
      join keyctl.api_keys k on k.id = g ->> 'key_id'
      join keyctl.incident_keys l on l.key_id = k.id
      join keyctl.incidents i on i.incident_id = l.incident_id
      group by i.incident_id order by i.incident_id
    loop
      select coalesce(jsonb_agg(jsonb_build_object('action', 'incident.attempts_seen', 'key_id', k ->> 'key_id', 'family_id', k ->> 'family_id',
          'details', (k - 'name' - 'family_id' - 'key_id') || jsonb_build_object('operation_id', p_operation))), '[]'),
        v_attempts || coalesce(jsonb_agg(jsonb_build_object('incident_id', v_each.incident_id, 'key_id', k -> 'key_id', 'name', k -> 'name',
          'accepted', k -> 'accepted', 'refused', k -> 'refused', 'ips', k -> 'new_ips', 'new_ips', k -> 'new_ip_count')), '[]')
        into v_seen, v_attempts
      from jsonb_array_elements(v_each.keys) k where (k -> 'new_ip_count')::bigint > 0;
      if v_each.state = 'closed' and exists (select from jsonb_array_elements(v_each.keys) k where (k -> 'accepted')::bigint > 0) then
        update keyctl.incidents set state = 'open', closed_at = null, reopened_at = clock_timestamp() where incident_id = v_each.incident_id;
        select v_seen || jsonb_agg(jsonb_build_object('action', 'incident.reopened', 'key_id', k ->> 'key_id', 'family_id', k ->> 'family_id',
            'reason', 'a dead key was let in again',
            'details', jsonb_build_object('requests', k -> 'accepted', 'ips', k -> 'accepted_ips', 'last_at', k -> 'accepted_at',
              'operation_id', p_operation))),
          v_reopened || jsonb_agg(jsonb_build_object('incident_id', v_each.incident_id, 'title', v_each.title, 'severity', v_each.severity,
            'key_id', k -> 'key_id', 'name', k -> 'name', 'ips', k -> 'accepted_ips', 'requests', k -> 'accepted', 'last_at', k -> 'accepted_at'))
          into v_seen, v_reopened
        from jsonb_array_elements(v_each.keys) k where (k -> 'accepted')::bigint > 0;
      end if;
      if v_seen <> '[]' then
        -- Many calls of one operation may write such rows, and each of an operation only one: the details name it.
        perform keyctl.append_audit_rows(gen_random_uuid(), p_context || jsonb_build_object('incident_id', v_each.incident_id), v_seen);
      end if;
    end loop;
  end if;
  delete from keyctl.incident_watch q using unnest(v_keys, v_hours) d (key_id, hour) where q.key_id = d.key_id and q.hour = d.hour;
  return jsonb_build_object('looked', cardinality(v_keys), 'reopened', v_reopened, 'attempts', v_attempts);
end $$;

revoke all on function keyctl.watch_incidents from public;
grant execute on function keyctl.watch_incidents to keyctl_operator;
