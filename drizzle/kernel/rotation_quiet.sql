-- What the usage log says about ending a rotation: was the successor used, and since when is the old key silent.
--   quiet_seconds: how long the old key was not let in, as far as the log reaches. Logs come late: the newest event of any
--   key and five minutes more is as far as silence is believed.
create or replace function keyctl.rotation_quiet(p_rotation_id text)
returns table (
  successor_last_used_at timestamptz, old_last_used_at timestamptz, as_of timestamptz, quiet_seconds double precision
)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.used, old.used, newest.ts,
    greatest(0, extract(epoch from least(clock_timestamp(), newest.ts + interval '5 minutes') - coalesce(old.used, r.activated_at)))
  from keyctl.rotations r
  join keyctl.api_keys o on o.id = r.old_key_id
  left join lateral (
    -- The key that does the work now: the successor, or what a reissue put into its place.
    select k.id, k.last_used_at from keyctl.api_keys k
    where k.family_id = r.family_id and k.version > o.version and k.status in ('active', 'suspended') and k.replaced_by is null
    order by k.version desc limit 1
  ) c on true
  cross join lateral (select keyctl.last_accepted(c.id, c.last_used_at) as used) s
  cross join lateral (select keyctl.last_accepted(o.id, o.last_used_at) as used) old
  cross join lateral (
    select greatest(max(u.ts), s.used) as ts from keyctl.usage_events u where u.ts <= clock_timestamp()
  ) newest
  where r.rotation_id = p_rotation_id
$$;

revoke all on function keyctl.rotation_quiet from public;
grant execute on function keyctl.rotation_quiet to keyctl_viewer;
