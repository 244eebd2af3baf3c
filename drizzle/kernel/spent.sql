-- What a family used in the calendar month (UTC) that contains p_at, up to p_at: a rotated key inherits what was spent.
create or replace function keyctl.spent(p_family_id text, p_at timestamptz)
returns table (requests bigint, tokens numeric, cost_usd numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(m.requests), 0)::bigint, coalesce(sum(m.tokens), 0), coalesce(sum(m.cost_usd), 0)
  from keyctl.month_use(array(select k.id from keyctl.api_keys k where k.family_id = p_family_id), p_at) m
$$;

revoke all on function keyctl.spent from public;
grant execute on function keyctl.spent to keyctl_viewer, keyctl_gateway;
