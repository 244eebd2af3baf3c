-- What each of these keys used in the calendar month (UTC) that contains p_at, up to p_at; no row for one that was not used. The
-- same number as summing the events themselves, but closed hours come from their rollups; added are the hours that wait to be
-- remade, the hours since the last rollup, and what was filed late into older ones since. Bounds in time are written into the
-- statement, so that other months are not even planned.
create or replace function keyctl.month_use(p_keys text[], p_at timestamptz)
returns table (key_id text, requests bigint, tokens numeric, cost_usd numeric)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_month timestamptz := date_trunc('month', p_at, 'UTC');
  v_cut timestamptz;
  v_seen pg_snapshot;
begin
  select least(date_trunc('hour', s.collected_at, 'UTC'), date_trunc('hour', p_at, 'UTC')), s.seen into v_cut, v_seen
  from keyctl.rollup_state s;
  -- Without any rollup; least() would pass over the null.
  if v_seen is null or v_cut <= v_month then
    return query execute format($sql$
      select u.key_id, count(*), coalesce(sum(u.tokens), 0), coalesce(sum(u.cost_usd), 0) from keyctl.usage_events u
      where u.key_id = any ($1) and u.ts >= %L and u.ts < %L group by 1 $sql$, v_month, p_at) using p_keys;
    return;
  end if;
  return query execute format($sql$
    with queued as materialized (
      select k.key_id, t.hour from keyctl.usage_touched t join unnest($1) k (key_id) on t.keys is null or k.key_id = any (t.keys)
      where t.hour >= %1$L and t.hour < %2$L
    ), parts (key_id, requests, tokens, cost_usd) as (
      select h.key_id, sum(h.requests), sum(h.tokens), sum(h.cost_usd) from keyctl.usage_hours h
      where h.key_id = any ($1) and h.hour >= %1$L and h.hour < %2$L
        and (h.key_id, h.hour) not in (select q.key_id, q.hour from queued q) group by 1
      union all
      select u.key_id, count(*), sum(u.tokens), sum(u.cost_usd) from queued q
      join keyctl.usage_events u on u.key_id = q.key_id and u.ts >= q.hour and u.ts < q.hour + interval '1 hour'
      where u.ts >= %1$L and u.ts < %2$L group by 1
      union all
      select u.key_id, count(*), sum(u.tokens), sum(u.cost_usd) from keyctl.usage_events u
      where u.key_id = any ($1) and u.ts >= %2$L and u.ts < %3$L group by 1
      union all
      select u.key_id, count(*), sum(u.tokens), sum(u.cost_usd) from keyctl.usage_events u
      where u.key_id = any ($1) and u.ts >= %1$L and u.ts < %2$L and u.filed_xid >= %4$s
        and not pg_visible_in_snapshot(u.filed_xid::text::xid8, $2)
        and (u.key_id, date_trunc('hour', u.ts, 'UTC')) not in (select q.key_id, q.hour from queued q) group by 1
    )
    select p.key_id, sum(p.requests)::bigint, coalesce(sum(p.tokens), 0), coalesce(sum(p.cost_usd), 0) from parts p group by 1
  $sql$, v_month, v_cut, p_at, pg_snapshot_xmin(v_seen)) using p_keys, v_seen;
end $$;

revoke all on function keyctl.month_use from public;
grant execute on function keyctl.month_use to keyctl_viewer;
