drop function if exists keyctl.remake_hours(text[], timestamptz[]);

-- Makes rows of usage_hours from the events, in place of what was there, and answers how many: of these (key, hour) pairs, or, with
-- p_keys null, of every key from the first of p_hours until the end of the last; those have to follow one another. Only for
-- roll_up_hours, which holds the hours. p_all_new is a guess, as in file_inbox: nothing to replace saves a tenth.
-- The bounds in time are written into the statement, so that the weeks outside are not even planned. Nothing is left to statistics,
-- which fresh partitions do not have (with a plan made for one row, 2 M events took six minutes): pairs are looked up one by one
-- (lateral), a stretch of the log is read by ts; what follows is sorted, and merged without loops. Sorted bytewise, because a
-- language's order costs a multiple. Documents are written as text and read once: jsonb_object_agg took twice as long.
create or replace function keyctl.remake_hours(p_keys text[], p_hours timestamptz[], p_all_new boolean) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off set work_mem = '64MB'
set enable_nestloop = off set enable_seqscan = off set enable_hashagg = off as $$
declare
  v_from timestamptz := (select min(h) from unnest(p_hours) h);
  v_until timestamptz := (select max(h) + interval '1 hour' from unnest(p_hours) h);
  v_made bigint;
  v_key text;
  v_hour timestamptz;
  v_sums text := $sql$
    count(*)::integer as requests, (count(*) filter (where u.status >= 400))::integer as errors,
    (count(*) filter (where u.status in (401, 403)))::integer as refused, (count(*) filter (where u.status = 429))::integer as limited,
    sum(u.bytes) as bytes, sum(u.tokens) as tokens, sum(u.cost_usd) as cost_usd, max(u.ts) as last_at
    from keyctl.usage_events u where u.ts >= %L and u.ts < %L
  $sql$;
  v_parts text := case when p_keys is null then $sql$
    select u.key_id collate "C" as key_id, date_bin('1 hour', u.ts, '0001-01-01 00:00:00+00') as hour,
      u.endpoint collate "C" as endpoint, u.ip_text collate "C" as ip_text, $sql$ || v_sums || $sql$
    group by 1, 2, 3, 4
  $sql$ else $sql$
    select w.key_id collate "C" as key_id, w.hour, e.*
    from unnest($1, $2) w (key_id, hour) cross join lateral (
      select u.endpoint collate "C" as endpoint, u.ip_text collate "C" as ip_text, $sql$ || v_sums || $sql$
        and u.key_id = w.key_id and u.ts >= w.hour and u.ts < w.hour + interval '1 hour'
      group by 1, 2) e
  $sql$ end;
  v_insert text := format($sql$
    with parts as materialized (
  $sql$ || v_parts || $sql$
    ), endpoints as (
      select e.key_id, e.hour, sum(e.requests::integer) as requests, sum(e.errors::integer) as errors,
        sum(e.refused::integer) as refused, sum(e.limited::integer) as limited, sum(e.bytes) as bytes, sum(e.tokens) as tokens,
        sum(e.cost_usd) as cost_usd, max(e.last_at) as last_at,
        '{' || string_agg(to_json(e.endpoint) || ':[' || e.requests || ',' || e.errors || ',' || coalesce(e.bytes, 0) || ']', ',') || '}'
          as of_hour
      from (select p.key_id, p.hour, p.endpoint, sum(p.requests) as requests, sum(p.errors) as errors, sum(p.refused) as refused,
              sum(p.limited) as limited, sum(p.bytes)::bigint as bytes, sum(p.tokens) as tokens, sum(p.cost_usd) as cost_usd,
              max(p.last_at) as last_at
            from parts p group by 1, 2, 3) e
      group by 1, 2
    ), ips as (
      select i.key_id, i.hour, '{' || string_agg(to_json(i.ip_text) || ':[' || i.requests || ',' || i.errors || ',' || i.refused || ','
          || coalesce(i.bytes, 0) || ']', ',') || '}' as of_hour
      from (select p.key_id, p.hour, p.ip_text, sum(p.requests) as requests, sum(p.errors) as errors, sum(p.refused) as refused,
              sum(p.bytes)::bigint as bytes
            from parts p where p.ip_text is not null group by 1, 2, 3) i
      group by 1, 2
    )
    insert into keyctl.usage_hours (key_id, hour, requests, errors, refused, limited, bytes, tokens, cost_usd, last_at, by_endpoint, by_ip)
    select e.key_id, e.hour, e.requests, e.errors, e.refused, e.limited, e.bytes, e.tokens, e.cost_usd, e.last_at,
      coalesce(e.of_hour, '{}')::jsonb, coalesce(i.of_hour, '{}')::jsonb
    from endpoints e left join ips i using (key_id, hour)
    order by 1, 2
  $sql$, v_from, v_until);
begin
  if p_all_new then
    begin
      execute v_insert using p_keys, p_hours;
      get diagnostics v_made = row_count;
      return v_made;
    exception when unique_violation then null;
    end;
  end if;
  if p_keys is null then
    delete from keyctl.usage_hours h where h.hour >= v_from and h.hour < v_until;
    execute v_insert using p_keys, p_hours;
    get diagnostics v_made = row_count;
    return v_made;
  end if;
  execute v_insert || $sql$
    on conflict (key_id, hour) do update set
      requests = excluded.requests, errors = excluded.errors, refused = excluded.refused, limited = excluded.limited,
      bytes = excluded.bytes, tokens = excluded.tokens, cost_usd = excluded.cost_usd, last_at = excluded.last_at,
      by_endpoint = excluded.by_endpoint, by_ip = excluded.by_ip
  $sql$ using p_keys, p_hours;
  get diagnostics v_made = row_count;
  -- Hours without any event left: their week was dropped meanwhile.
  if v_made < cardinality(p_keys) then
    for v_key, v_hour in select * from unnest(p_keys, p_hours) loop
      delete from keyctl.usage_hours h where h.key_id = v_key and h.hour = v_hour and not exists (
        select from keyctl.usage_events u where u.key_id = v_key and u.ts >= v_hour and u.ts < v_hour + interval '1 hour');
    end loop;
  end if;
  return v_made;
end $$;

revoke all on function keyctl.remake_hours from public;
