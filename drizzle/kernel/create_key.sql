-- Registers a new key as `pending`: known, not usable, until every sink holds its secret (DESIGN 5). The caller
-- minted the token and keeps it; only its verifier comes here. The same operation again, also when both run at once,
-- answers with the first key and how it stands now (`status`, `activated_at`, `delivered_to`), whoever minted a second
-- one meanwhile.
--   p_key: {id, prefix, salt (hex), verifier (hex), hash_scheme, fingerprint}
--   p_owner: {email, name, user_id} or null · p_settings: columns of a key (with_settings)
create or replace function keyctl.create_key(
  p_operation uuid, p_context jsonb, p_key jsonb, p_owner jsonb, p_settings jsonb
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  v_answer jsonb;
  v_broken text;
begin
  v_answer := keyctl.created_before(p_operation);
  if v_answer is not null then
    return v_answer;
  end if;

  -- A record made from nothing has no defaults, so those of the lists and switches are laid first.
  k := keyctl.with_settings(
    jsonb_populate_record(null::keyctl.api_keys, '{"workspace_access": [], "scopes": [], "models": [], "features": [],
      "used_by": [], "allowed_ips": [], "budget_alerts": [], "delivered_to": [], "auto_suspend": false, "decoy": false,
      "on_expiry": "end", "origin": "issued"}'),
    p_settings);
  k.expires_at := keyctl.within_policy(k, p_settings, true);
  k.id := p_key ->> 'id';
  k.prefix := p_key ->> 'prefix';
  k.salt := decode(p_key ->> 'salt', 'hex');
  k.verifier := decode(p_key ->> 'verifier', 'hex');
  k.hash_scheme := (p_key ->> 'hash_scheme')::smallint;
  k.fingerprint := p_key ->> 'fingerprint';
  k.status := 'pending';
  k.version := 1;
  k.family_id := k.id;
  k.owner_id := keyctl.register_owner(p_owner ->> 'email', p_owner ->> 'name', p_owner ->> 'user_id');
  k.created_at := clock_timestamp();
  k.created_by := session_user;
  if p_settings ? 'expires_in_seconds' then
    k.expires_at := k.created_at + make_interval(secs => (p_settings ->> 'expires_in_seconds')::double precision);
  end if;
  insert into keyctl.api_keys select k.*;

  v_answer := jsonb_build_object('outcome', 'pending', 'key_id', k.id, 'version', k.version, 'name', k.name,
    'fingerprint', k.fingerprint, 'scopes', k.scopes, 'created_at', k.created_at, 'expires_at', k.expires_at);
  return v_answer || jsonb_build_object('repeated', false, 'status', k.status, 'activated_at', k.activated_at,
    'delivered_to', k.delivered_to, 'audit_seq', keyctl.append_audit(
      p_operation, p_context, 'key.created', k.id, k.family_id, p_settings ->> 'justification',
      jsonb_build_object('key', keyctl.key_record(k)), v_answer));
exception when unique_violation then
  -- Two first tries at once meet at audit_log_one_created; the loser's key is undone and the winner's answered.
  get stacked diagnostics v_broken = constraint_name;
  if v_broken = 'audit_log_one_created' or v_broken = 'audit_log_operation_key' then
    return keyctl.created_before(p_operation);
  end if;
  raise;
end $$;

revoke all on function keyctl.create_key from public;
grant execute on function keyctl.create_key to keyctl_operator;
