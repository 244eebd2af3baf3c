-- The owner_id of a person, registered if new; a name or user id that is given replaces an empty one. Random, so
-- that the audit chain can name an owner for ever and the person can still be forgotten.
create or replace function keyctl.register_owner(p_email text, p_name text, p_user_id text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_owner_id text;
begin
  if p_email is null then
    return null;
  end if;
  insert into keyctl.owners (owner_id, email, name, user_id)
  values ('own_' || keyctl.random_locator(), lower(p_email), p_name, p_user_id)
  on conflict (email) do update
    set name = coalesce(excluded.name, owners.name), user_id = coalesce(excluded.user_id, owners.user_id)
  returning owner_id into v_owner_id;
  return v_owner_id;
end $$;

revoke all on function keyctl.register_owner from public;
