-- Locks all keys of the given families, in id order (F38), and answers the families that it holds. With p_skip_locked it
-- does not wait: a family of which another statement holds a key is not answered. A key that joins a family while this
-- waits is not locked, and need not be: whoever adds one holds the others first.
create or replace function keyctl.lock_families(p_family_ids text[], p_skip_locked boolean default false) returns text[]
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_locked text[];
begin
  if p_skip_locked then
    v_locked := array(select id from keyctl.api_keys where family_id = any (p_family_ids) order by id for update skip locked);
  else
    perform from keyctl.api_keys where family_id = any (p_family_ids) order by id for update;
    return array(select distinct k.family_id from keyctl.api_keys k where k.family_id = any (p_family_ids));
  end if;
  return array(
    select k.family_id from keyctl.api_keys k where k.family_id = any (p_family_ids)
    group by k.family_id having bool_and(k.id = any (v_locked)));
end $$;

revoke all on function keyctl.lock_families from public;
