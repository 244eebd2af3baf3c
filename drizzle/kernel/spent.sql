-- What a family used in the calendar month (UTC) that contains p_at, up to p_at: a rotated key inherits what was
-- spent. Summed from the events themselves, over the primary key's (key_id, ts).
create or replace function keyctl.spent(p_family_id text, p_at timestamptz)
returns table (requests bigint, tokens numeric, cost_usd numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select count(*), coalesce(sum(u.tokens), 0), coalesce(sum(u.cost_usd), 0)
  from keyctl.usage_events u
  where u.key_id in (select k.id from keyctl.api_keys k where k.family_id = p_family_id)
    and u.ts >= date_trunc('month', p_at, 'UTC')
    and u.ts < p_at
$$;

revoke all on function keyctl.spent from public;
grant execute on function keyctl.spent to keyctl_viewer, keyctl_gateway;
