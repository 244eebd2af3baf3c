-- The name a successor gets: `{name} (rotated)`, never doubled, at most 200 characters. Twin of src/domain/rotated-name.ts.
create or replace function keyctl.rotated_name(p_name text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select rtrim(left(regexp_replace(p_name, '(?<=.)( \(rotated\))+$', ''), 190)) || ' (rotated)'
$$;

revoke all on function keyctl.rotated_name from public;
