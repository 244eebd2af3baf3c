-- A key as the audit chain names it: settings and owner_id, never salt, verifier or digest, and nothing personal
-- (billing contact, e-mail), so that forgetting an owner leaves the chain whole.
create or replace function keyctl.key_record(k keyctl.api_keys) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select to_jsonb(k) - array['salt', 'verifier', 'digest', 'billing_contact', 'last_used_at']
$$;

revoke all on function keyctl.key_record from public;
