-- Twelve base62 characters from the server's strong random source, for keys that are registered by name and have
-- no token of ours. 116 random bits folded into 71: the bias of the remainder is below 2^-40.
create or replace function keyctl.random_locator() returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  v_bits numeric := ('x' || substr(replace(gen_random_uuid()::text, '-', ''), 17, 15))::bit(60)::bigint::numeric
    * 1152921504606846976 + ('x' || substr(replace(gen_random_uuid()::text, '-', ''), 17, 15))::bit(60)::bigint;
  v_text text := '';
begin
  for i in 1..12 loop
    v_text := v_text || substr(v_digits, (v_bits % 62)::int + 1, 1);
    v_bits := div(v_bits, 62);
  end loop;
  return v_text;
end $$;

revoke all on function keyctl.random_locator from public;
