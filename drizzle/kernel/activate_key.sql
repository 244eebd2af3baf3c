-- Makes a pending first key usable, after every sink acknowledged its secret; p_delivered_to names the sinks (path,
-- recipient, never the secret) and goes into the audit row. A key that is no longer pending is refused (KC409).
create or replace function keyctl.activate_key(
  p_operation uuid, p_context jsonb, p_key_id text, p_delivered_to text[]
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  v_answer jsonb;
begin
  select * into k from keyctl.api_keys where id = p_key_id for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'key.activated', p_key_id);
  if v_answer is not null then
    return v_answer;
  end if;
  if k.status <> 'pending' or exists (select from keyctl.rotations r where r.new_key_id = k.id) then
    raise exception using errcode = 'KC409', message = format('%s is %s: only a pending first key can be activated', k.id, k.status);
  end if;

  update keyctl.api_keys
  set status = 'active', activated_at = clock_timestamp(), delivered_to = p_delivered_to
  where id = p_key_id
  returning * into k;

  v_answer := jsonb_build_object('outcome', 'activated', 'key_id', k.id, 'activated_at', k.activated_at);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'key.activated', k.id, k.family_id, null,
    jsonb_build_object('delivered_to', p_delivered_to, 'fingerprint', k.fingerprint), v_answer));
end $$;

revoke all on function keyctl.activate_key from public;
grant execute on function keyctl.activate_key to keyctl_operator;
