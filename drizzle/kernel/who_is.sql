-- Who does a step, as the next person reads it: the login, and the user and machine that the program claims.
create or replace function keyctl.who_is(p_context jsonb) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select left(session_user || coalesce(' (' || nullif(concat_ws('@', p_context ->> 'actor_os', p_context ->> 'host'), '') || ')', ''), 400)
$$;

revoke all on function keyctl.who_is from public;
