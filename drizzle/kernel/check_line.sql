-- A text of one line for a record, trimmed: not empty, not longer than p_longest, without control characters (KC422).
create or replace function keyctl.check_line(p_what text, p_text text, p_longest integer) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_text text := btrim(p_text);
begin
  if v_text is null or v_text = '' then
    raise exception using errcode = 'KC422', message = format('the %s is empty', p_what);
  elsif length(v_text) > p_longest then
    raise exception using errcode = 'KC422', message = format('the %s has %s characters, at most %s fit', p_what, length(v_text), p_longest);
  elsif v_text ~ '[\x01-\x1f\x7f]' then
    raise exception using errcode = 'KC422', message = format('the %s is one line without control characters', p_what);
  end if;
  return v_text;
end $$;

revoke all on function keyctl.check_line from public;
