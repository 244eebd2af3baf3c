-- When a key was last let in (any answer but 401 and 403): by the usage log, or by what a gateway reported; null when never.
create or replace function keyctl.last_accepted(p_key_id text, p_last_used_at timestamptz) returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select greatest(p_last_used_at, (
    select u.ts from keyctl.usage_events u
    where u.key_id = p_key_id and (u.status is null or u.status not in (401, 403))
    order by u.ts desc limit 1))
$$;

revoke all on function keyctl.last_accepted from public;
grant execute on function keyctl.last_accepted to keyctl_viewer;
