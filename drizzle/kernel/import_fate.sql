-- The status that an imported key gets. What was replaced is usable until its end, if that is still to come. A key that
-- is called active although it has a successor is in a grace without an end: kept until the next rotation.
create or replace function keyctl.import_fate(
  p_status text, p_ended_at timestamptz, p_has_successor boolean, p_at timestamptz
) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case
    when p_status in ('revoked', 'suspended') then p_status
    when p_status in ('replaced', 'retiring') and p_ended_at > p_at then 'retiring'
    when p_status = 'retiring' and p_ended_at is null then 'retiring'
    when p_status in ('replaced', 'retiring') then 'replaced'
    when p_has_successor then 'retiring'
    else 'active'
  end
$$;

revoke all on function keyctl.import_fate from public;
