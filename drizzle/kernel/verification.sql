-- What a gateway needs to check a presented token itself: by the key's id (locator), or for imported keys by the
-- SHA-256 digest of the token ('sha256:' and 64 hex digits). The token itself never comes here. No row: unknown.
-- The limits are those that hold now (effective_limits).
create or replace function keyctl.verification(p_id_or_digest text)
returns table (
  key_id text, version integer, salt bytea, verifier bytea, hash_scheme smallint, digest bytea, decision text,
  scopes text[], rpm integer, rph integer, burst integer, concurrency integer, successor_id text
)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select k.id, k.version, k.salt, k.verifier, k.hash_scheme, k.digest, d.decision, k.scopes,
    l.rpm, l.rph, l.burst, l.concurrency, k.replaced_by
  from keyctl.api_keys k
  cross join lateral (
    select decided as decision, decided in ('ok', 'budget', 'quota') as live from keyctl.decide(k.id) as decided
  ) d
  cross join lateral keyctl.effective_limits(d.live, k.retire_on, k.replaced_by, k.rpm, k.rph, k.burst, k.concurrency,
    statement_timestamp()) l
  where k.id = p_id_or_digest
     -- A case, because of an `and` the decoding may come first (both indexes at once), and an id is no hex digest (22023).
     or k.digest = case when p_id_or_digest ~ '^sha256:[0-9a-f]{64}$' then decode(substr(p_id_or_digest, 8), 'hex') end
$$;

revoke all on function keyctl.verification from public;
grant execute on function keyctl.verification to keyctl_operator, keyctl_gateway;
