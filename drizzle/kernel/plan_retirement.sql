-- Plans the end of a key that nothing replaces: usable until p_on and dead from then on, by the clock alone (status_at); what
-- comes before are its phases (retirement_phase, effective_limits). retire_due only stamps it. Outcomes: `planned`, `moved`
-- (there was a plan for another moment), `already_planned` (for this one; nothing changed). Refused: a moment that is not in
-- the future (KC422), a key that is neither active nor suspended, or that a rotation replaced (KC409).
create or replace function keyctl.plan_retirement(
  p_operation uuid, p_context jsonb, p_key_id text, p_on timestamptz, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  k keyctl.api_keys;
  v_now timestamptz;
  v_status text;
  v_reason text := keyctl.check_reason(p_reason);
  v_before timestamptz;
  v_answer jsonb;
begin
  select * into k from keyctl.api_keys where id = p_key_id for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'key.retirement_planned', p_key_id);
  if v_answer is not null then
    return v_answer;
  end if;

  v_now := clock_timestamp();
  v_status := keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
    k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, v_now);
  if k.replaced_by is not null and v_status not in ('revoked', 'replaced') then
    raise exception using errcode = 'KC409', message = format('%s was replaced by %s and ends with its grace period', k.id, k.replaced_by);
  elsif v_status not in ('active', 'suspended') then
    raise exception using errcode = 'KC409', message = format('%s is %s: only an active or suspended key can be retired', k.id, v_status);
  elsif p_on is null or not isfinite(p_on) or p_on <= v_now then
    raise exception using errcode = 'KC422', message = 'a retirement lies in the future; to end a key now, revoke it';
  end if;

  v_before := k.retire_on;
  v_answer := jsonb_build_object('outcome', case when v_before is null then 'planned' else 'moved' end, 'key_id', k.id,
    'retire_on', p_on, 'phase', keyctl.retirement_phase(p_on, v_now), 'retire_on_before', v_before, 'expires_at', k.expires_at);
  if v_before = p_on then
    return v_answer || jsonb_build_object('outcome', 'already_planned', 'audit_seq', null, 'repeated', false);
  end if;
  update keyctl.api_keys set retire_on = p_on, usable_until = p_on, retire_reason = v_reason where id = p_key_id;

  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'key.retirement_planned', k.id, k.family_id, v_reason,
    jsonb_build_object('retire_on', p_on, 'retire_on_before', v_before, 'fingerprint', k.fingerprint), v_answer));
end $$;

revoke all on function keyctl.plan_retirement from public;
grant execute on function keyctl.plan_retirement to keyctl_operator;
