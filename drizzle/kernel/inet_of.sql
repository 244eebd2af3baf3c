-- The address that a text is, null when it is none: logs hold `AWS Internal` and worse where one belongs (F21).
create or replace function keyctl.inet_of(p_text text) returns inet
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
begin
  return keyctl.plain_ip(p_text::inet);
exception when data_exception then
  return null;
end $$;

revoke all on function keyctl.inet_of from public;
