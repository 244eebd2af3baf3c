-- Takes a planned retirement back: the key lives on with its full limits. Outcomes: `cancelled`, `not_planned` (nothing
-- changed). A key whose retirement came, or that ended otherwise, is refused (KC409): there is no way back from there.
create or replace function keyctl.cancel_retirement(
  p_operation uuid, p_context jsonb, p_key_id text, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  v_status text;
  v_reason text := keyctl.check_reason(p_reason);
  v_answer jsonb;
begin
  select * into k from keyctl.api_keys where id = p_key_id for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'key.retirement_cancelled', p_key_id);
  if v_answer is not null then
    return v_answer;
  end if;

  v_status := keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
    k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, clock_timestamp());
  if v_status in ('revoked', 'replaced') then
    raise exception using errcode = 'KC409', message = format('%s is %s: its retirement cannot be taken back', k.id, v_status);
  elsif k.replaced_by is not null then
    raise exception using errcode = 'KC409', message = format('%s was replaced by %s and ends with its grace period', k.id, k.replaced_by);
  end if;
  v_answer := jsonb_build_object('outcome', 'cancelled', 'key_id', k.id, 'retire_on', null, 'phase', null,
    'retire_on_before', k.retire_on, 'expires_at', k.expires_at);
  if k.retire_on is null then
    return v_answer || jsonb_build_object('outcome', 'not_planned', 'audit_seq', null, 'repeated', false);
  end if;
  update keyctl.api_keys set retire_on = null, usable_until = null, retire_reason = null where id = p_key_id;

  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'key.retirement_cancelled', k.id, k.family_id, v_reason,
    jsonb_build_object('retire_on_before', k.retire_on, 'retire_reason', k.retire_reason, 'fingerprint', k.fingerprint), v_answer));
end $$;

revoke all on function keyctl.cancel_retirement from public;
grant execute on function keyctl.cancel_retirement to keyctl_operator;
