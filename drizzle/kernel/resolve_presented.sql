-- Which key each presented text names: by id, external id, fingerprint, or name (its family's newest key that is or
-- was usable; with or without ` (rotated)`). A name that fits keys of several families names none.
create or replace function keyctl.resolve_presented(p_presented text[])
returns table (presented text, key_id text, version integer)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with asked as (select distinct p as presented from unnest(p_presented) p)
  select distinct on (m.presented) m.presented, m.id, m.version
  from (
    select a.presented, 1 as rank, k.id, k.version from asked a join keyctl.api_keys k on k.id = a.presented
    union all
    select a.presented, 2, k.id, k.version from asked a join keyctl.api_keys k on k.external_id = a.presented
    union all
    select a.presented, 3, k.id, k.version from asked a join keyctl.api_keys k on k.fingerprint = a.presented
    union all
    -- Two plain equalities: as one "name in (a, b)" every name asked for was compared with every key.
    select n.presented, 4, (array_agg(n.id order by n.version desc))[1], max(n.version)
    from (
      select a.presented, k.* from asked a join keyctl.api_keys k on k.name = a.presented
      union all
      select a.presented, k.* from asked a join keyctl.api_keys k on k.name = a.presented || ' (rotated)'
    ) n
    where n.status <> 'pending' and n.revocation_code is distinct from 'abandoned'
    group by n.presented
    having count(distinct n.family_id) = 1
  ) m
  order by m.presented, m.rank
$$;

revoke all on function keyctl.resolve_presented from public;
