-- Makes the rows of usage_hours for these (key, hour) pairs from the events, in place of what was there. The bounds in time
-- are written into the statement, so that the weeks outside are not even planned. Only for roll_up_hours, which holds the hours.
create or replace function keyctl.remake_hours(p_keys text[], p_hours timestamptz[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off
set work_mem = '32MB' as $$
declare
  v_made bigint;
  v_key text;
  v_hour timestamptz;
begin
  execute format($sql$
    with wanted as (
      select d.key_id, d.hour from unnest($1, $2) d (key_id, hour)
    ), parts as materialized (
      select w.key_id, w.hour, u.endpoint, u.ip_text, count(*) as requests,
        count(*) filter (where u.status >= 400) as errors, count(*) filter (where u.status in (401, 403)) as refused,
        count(*) filter (where u.status = 429) as limited, sum(u.bytes) as bytes, sum(u.tokens) as tokens,
        sum(u.cost_usd) as cost_usd, max(u.ts) as last_at
      from wanted w
      join keyctl.usage_events u on u.key_id = w.key_id and u.ts >= w.hour and u.ts < w.hour + interval '1 hour'
      where u.ts >= %L and u.ts < %L
      group by 1, 2, 3, 4
    ), endpoints as (
      select e.key_id, e.hour, jsonb_object_agg(e.endpoint, jsonb_build_array(e.requests, e.errors, e.bytes)) as of_hour
      from (select p.key_id, p.hour, p.endpoint, sum(p.requests) as requests, sum(p.errors) as errors,
              coalesce(sum(p.bytes), 0) as bytes
            from parts p where p.endpoint is not null group by 1, 2, 3) e
      group by 1, 2
    ), ips as (
      select i.key_id, i.hour, jsonb_object_agg(i.ip_text, jsonb_build_array(i.requests, i.errors, i.refused, i.bytes)) as of_hour
      from (select p.key_id, p.hour, p.ip_text, sum(p.requests) as requests, sum(p.errors) as errors,
              sum(p.refused) as refused, coalesce(sum(p.bytes), 0) as bytes
            from parts p where p.ip_text is not null group by 1, 2, 3) i
      group by 1, 2
    ), totals as (
      select p.key_id, p.hour, sum(p.requests) as requests, sum(p.errors) as errors, sum(p.refused) as refused,
        sum(p.limited) as limited, sum(p.bytes) as bytes, sum(p.tokens) as tokens, sum(p.cost_usd) as cost_usd,
        max(p.last_at) as last_at
      from parts p group by 1, 2
    )
    insert into keyctl.usage_hours as h (key_id, hour, requests, errors, refused, limited, bytes, tokens, cost_usd, last_at,
      by_endpoint, by_ip)
    select t.key_id, t.hour, t.requests, t.errors, t.refused, t.limited, t.bytes, t.tokens, t.cost_usd, t.last_at,
      coalesce(e.of_hour, '{}'), coalesce(i.of_hour, '{}')
    from totals t left join endpoints e using (key_id, hour) left join ips i using (key_id, hour)
    on conflict (key_id, hour) do update set
      requests = excluded.requests, errors = excluded.errors, refused = excluded.refused, limited = excluded.limited,
      bytes = excluded.bytes, tokens = excluded.tokens, cost_usd = excluded.cost_usd, last_at = excluded.last_at,
      by_endpoint = excluded.by_endpoint, by_ip = excluded.by_ip
  $sql$, (select min(h) from unnest(p_hours) h), (select max(h) + interval '1 hour' from unnest(p_hours) h))
  using p_keys, p_hours;
  get diagnostics v_made = row_count;
  -- Hours without any event left: their week was dropped meanwhile.
  if v_made < cardinality(p_keys) then
    for v_key, v_hour in select * from unnest(p_keys, p_hours) loop
      delete from keyctl.usage_hours h where h.key_id = v_key and h.hour = v_hour and not exists (
        select from keyctl.usage_events u where u.key_id = v_key and u.ts >= v_hour and u.ts < v_hour + interval '1 hour');
    end loop;
  end if;
end $$;

revoke all on function keyctl.remake_hours from public;
