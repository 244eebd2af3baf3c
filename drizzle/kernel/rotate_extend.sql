-- Moves the end of a grace that is still running to now + p_grace, never beyond the old key's own end. Outcomes: extended;
-- unchanged (its own end comes first, and it reaches there already). Refused: an end that would come earlier (KC422), a
-- rotation that is not open, or of a compromised key (KC409).
create or replace function keyctl.rotate_extend(
  p_operation uuid, p_context jsonb, p_rotation_id text, p_grace interval, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_reason text := keyctl.check_reason(p_reason);
  v_answer jsonb;
  v_now timestamptz;
  v_before timestamptz;
  v_end timestamptz;
  r keyctl.rotations;
  o keyctl.api_keys;
begin
  select * into r from keyctl.rotations where rotation_id = p_rotation_id;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such rotation';
  end if;
  perform keyctl.lock_families(array[r.family_id]);
  v_answer := keyctl.prior_answer(p_operation, 'rotation.extended', r.old_key_id);
  if v_answer is not null then
    return v_answer;
  end if;
  select * into r from keyctl.rotations where rotation_id = p_rotation_id;
  select * into o from keyctl.api_keys where id = r.old_key_id;
  v_now := clock_timestamp();
  v_before := least(o.usable_until, o.expires_at);
  if r.activated_at is null or r.finalized_at is not null or r.aborted_at is not null or o.status not in ('retiring', 'suspended')
     or v_before <= v_now then
    raise exception using errcode = 'KC409', message = format('%s has no grace that could be extended: its old key is %s', r.rotation_id,
      case when o.status in ('retiring', 'suspended') and v_before <= v_now then 'replaced' else o.status end);
  elsif r.compromised then
    raise exception using errcode = 'KC409', message = format('%s replaces a compromised key: it gets no more time', r.rotation_id);
  end if;
  -- A planned retirement was the key's own end before the rotation, and stays one.
  v_end := least(v_now + p_grace, o.retire_on, o.expires_at);
  if v_before is null or v_end < v_before and v_now + p_grace < v_before then
    raise exception using errcode = 'KC422', message = '--grace counts from now, and the old key lives longer already; to end it, finalize the rotation';
  elsif v_end <= v_before then
    return jsonb_build_object('outcome', 'unchanged', 'rotation_id', r.rotation_id, 'key_id', o.id, 'grace_ends_at', v_before,
      'grace_ended_at_before', v_before, 'audit_seq', null, 'repeated', false);
  end if;

  update keyctl.api_keys set usable_until = v_end where id = o.id;
  v_answer := jsonb_build_object('outcome', 'extended', 'rotation_id', r.rotation_id, 'key_id', o.id, 'grace_ends_at', v_end,
    'grace_ended_at_before', v_before);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'rotation.extended', o.id, o.family_id, v_reason,
    jsonb_build_object('rotation_id', r.rotation_id, 'new_key_id', r.new_key_id), v_answer));
end $$;

revoke all on function keyctl.rotate_extend from public;
grant execute on function keyctl.rotate_extend to keyctl_operator;
