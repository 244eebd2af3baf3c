-- A granted scope covers a wanted one exactly, or by a trailing `:*` that stands for the rest of the path.
create or replace function keyctl.scope_allows(p_granted text[], p_wanted text) returns boolean
language sql immutable parallel safe as $$
  select exists (
    select from unnest(p_granted) as granted
    where granted = p_wanted
       or (right(granted, 2) = ':*' and starts_with(p_wanted, left(granted, -1)) and length(p_wanted) > length(granted) - 1)
  )
$$;

revoke all on function keyctl.scope_allows from public;
grant execute on function keyctl.scope_allows to keyctl_viewer, keyctl_gateway;
