-- Registers the people of the given rows of an import who are not known yet, and answers the owner of each line: by e-mail
-- address, else by their id elsewhere. What is known of a person already stays as it is.
create or replace function keyctl.register_owners(p_run uuid, p_roots bigint[]) returns table (line bigint, owner_id text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into keyctl.owners (owner_id, email, name, user_id)
  select 'own_' || keyctl.random_locator(), n.email, n.name, n.user_id
  from (
    select distinct on (r.owner_email) r.owner_email as email, r.owner_name as name, r.user_id
    from keyctl.import_rows r
    where r.run_id = p_run and r.root_line = any (p_roots) and r.state = 'planned' and r.owner_email is not null
      and not exists (select from keyctl.owners o where o.email = r.owner_email)
    order by r.owner_email, r.line
  ) n
  on conflict (email) do nothing;
  insert into keyctl.owners (owner_id, name, user_id)
  select 'own_' || keyctl.random_locator(), n.name, n.user_id
  from (
    select distinct on (r.user_id) r.user_id, r.owner_name as name
    from keyctl.import_rows r
    where r.run_id = p_run and r.root_line = any (p_roots) and r.state = 'planned' and r.owner_email is null
      and r.user_id is not null and not exists (select from keyctl.owners o where o.user_id = r.user_id)
    order by r.user_id, r.line
  ) n;
  update keyctl.owners o
  set name = coalesce(o.name, r.owner_name), user_id = coalesce(o.user_id, r.user_id)
  from keyctl.import_rows r
  where r.run_id = p_run and r.root_line = any (p_roots) and r.state = 'planned' and o.email = r.owner_email
    and (o.name is null and r.owner_name is not null or o.user_id is null and r.user_id is not null);
  return query
    select r.line, coalesce(
      (select o.owner_id from keyctl.owners o where o.email = r.owner_email),
      (select o.owner_id from keyctl.owners o where r.owner_email is null and o.user_id = r.user_id
       order by o.created_at, o.owner_id limit 1))
    from keyctl.import_rows r
    where r.run_id = p_run and r.root_line = any (p_roots) and r.state = 'planned';
end $$;

revoke all on function keyctl.register_owners from public;
