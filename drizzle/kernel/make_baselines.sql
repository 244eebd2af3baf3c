-- Makes or remakes the baselines of up to p_limit families that were used since theirs was made, from the rollups of closed
-- hours, and answers how many: 0 means that all are fresh for a day, or that somebody else is at it. Eight weeks back from the
-- last closed hour; an hour without a request counts as 0 from the family's first one on. Per hour of the week [median, MAD,
-- in how many weeks there was any request]. Known networks, endpoints and agents are those that were answered well at least
-- once, with the hour (agents: the moment) they were first seen in; what a baseline knew once it keeps. Agents are in no
-- rollup: they come from the events since the last baseline, and a day before it for late ones.
create or replace function keyctl.make_baselines(p_limit integer default 50) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off set work_mem = '32MB' as $$
declare
  v_now timestamptz := clock_timestamp();
  v_until timestamptz;
  v_from timestamptz;
  v_families text[];
begin
  perform from keyctl.rollup_state s
  where s.seen is not null and (s.baselines_at is null or s.baselines_at < v_now - interval '20 hours') for update skip locked;
  if not found then
    return 0;
  end if;
  select r.rolled_until, r.rolled_until - interval '56 days' into v_until, v_from from keyctl.rollup_status r;
  v_families := array(
    select distinct k.family_id
    from keyctl.usage_hours h
    join keyctl.api_keys k on k.id = h.key_id
    left join keyctl.usage_baselines b on b.family_id = k.family_id
    where h.hour >= greatest(v_from, b.until) and h.hour < v_until
      and (b.made_at is null or b.made_at < v_now - interval '20 hours')
    order by 1 limit p_limit);
  if v_families = '{}' then
    update keyctl.rollup_state set baselines_at = v_now;
    return 0;
  end if;

  with mine as materialized (
    select k.family_id, h.hour, h.requests, h.bytes, h.by_endpoint, h.by_ip
    from keyctl.usage_hours h join keyctl.api_keys k on k.id = h.key_id
    where k.family_id = any (v_families) and h.hour >= v_from and h.hour < v_until
  ), hours as materialized (
    select m.family_id, m.hour, sum(m.requests)::float8 as n, coalesce(sum(m.bytes), 0)::float8 as b from mine m group by 1, 2
  ), spans as (
    select h.family_id, min(h.hour) as since from hours h group by 1
  ), grid as materialized (
    select s.family_id, (extract(isodow from g.hour at time zone 'UTC')::int - 1) * 24
        + extract(hour from g.hour at time zone 'UTC')::int as slot, coalesce(h.n, 0) as n, coalesce(h.b, 0) as b
    from spans s
    cross join lateral generate_series(s.since, v_until - interval '1 hour', interval '1 hour') g (hour)
    left join hours h on h.family_id = s.family_id and h.hour = g.hour
  ), middles as materialized (
    select g.family_id, g.slot, percentile_cont(0.5) within group (order by g.n) as n,
      percentile_cont(0.5) within group (order by g.b) as b, count(*) filter (where g.n > 0) as active
    from grid g group by 1, 2
  ), spreads as (
    select m.family_id, m.slot, m.n, m.b, m.active, percentile_cont(0.5) within group (order by abs(g.n - m.n)) as n_mad,
      percentile_cont(0.5) within group (order by abs(g.b - m.b)) as b_mad
    from middles m join grid g on g.family_id = m.family_id and g.slot = m.slot group by 1, 2, 3, 4, 5
  ), slots as (
    select s.family_id, s.since,
      jsonb_agg(case when p.slot is not null then jsonb_build_array(p.n, p.n_mad, p.active) end order by i) as requests,
      jsonb_agg(case when p.slot is not null then jsonb_build_array(p.b, p.b_mad, p.active) end order by i) as bytes
    from spans s cross join generate_series(0, 167) i
    left join spreads p on p.family_id = s.family_id and p.slot = i
    group by 1, 2
  ), networks as materialized (
    select a.family_id, host(set_masklen(a.ip, a.bits)::cidr) || '/' || a.bits as name, min(a.seen) as seen
    from (
      select t.family_id, t.ip, case family(t.ip) when 4 then 24 else 48 end as bits, t.seen
      from (
        select x.family_id, keyctl.inet_of(x.ip_text) as ip, x.seen
        from (
          select m.family_id, e.key as ip_text, min(m.hour) as seen from mine m cross join lateral jsonb_each(m.by_ip) e
          where (e.value ->> 0)::numeric > (e.value ->> 2)::numeric group by 1, 2
        ) x
      ) t where t.ip is not null
    ) a group by 1, 2
  ), endpoints as materialized (
    select m.family_id, e.key as name, min(m.hour) as seen from mine m cross join lateral jsonb_each(m.by_endpoint) e
    where (e.value ->> 0)::numeric > (e.value ->> 1)::numeric group by 1, 2
  ), agents as materialized (
    select k.family_id, left(u.user_agent, 500) as name, min(u.ts) as seen
    from keyctl.api_keys k
    left join keyctl.usage_baselines b on b.family_id = k.family_id
    join keyctl.usage_events u on u.key_id = k.id and u.ts >= greatest(v_from, b.until - interval '1 day') and u.ts < v_until
    where k.family_id = any (v_families) and u.ts >= v_from and u.ts < v_until and u.user_agent is not null
      and (u.status is null or u.status < 400)
    group by 1, 2
  )
  insert into keyctl.usage_baselines as b (family_id, made_at, since, until, weeks, requests, bytes, networks, endpoints, agents)
  select s.family_id, v_now, s.since, v_until, ceil(extract(epoch from v_until - s.since) / 604800)::integer, s.requests, s.bytes,
    coalesce((select jsonb_object_agg(n.name, n.seen) from networks n where n.family_id = s.family_id), '{}'),
    coalesce((select jsonb_object_agg(e.name, e.seen) from endpoints e where e.family_id = s.family_id), '{}'),
    coalesce((select jsonb_object_agg(a.name, a.seen) from agents a where a.family_id = s.family_id), '{}')
  from slots s
  -- The older first sight stands.
  on conflict (family_id) do update set
    made_at = excluded.made_at, since = excluded.since, until = excluded.until, weeks = excluded.weeks,
    requests = excluded.requests, bytes = excluded.bytes, networks = excluded.networks || b.networks,
    endpoints = excluded.endpoints || b.endpoints, agents = excluded.agents || b.agents;
  return cardinality(v_families);
end $$;

revoke all on function keyctl.make_baselines from public;
grant execute on function keyctl.make_baselines to keyctl_operator;
