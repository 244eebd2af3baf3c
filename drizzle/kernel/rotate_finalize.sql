-- Ends the grace of a rotation: the old key is dead from now on. With p_quiet only when the successor was used and the old
-- key was silent that long (rotation_quiet). Outcomes: finalized; with nothing changed: already_finalized, not_quiet.
-- Refused (KC409): a pending rotation, one that was aborted, and one whose new secret is not in its place yet.
create or replace function keyctl.rotate_finalize(
  p_operation uuid, p_context jsonb, p_rotation_id text, p_quiet interval default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_answer jsonb;
  v_now timestamptz;
  v_by_itself boolean;
  r keyctl.rotations;
  o keyctl.api_keys;
  q record;
begin
  select * into r from keyctl.rotations where rotation_id = p_rotation_id;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such rotation';
  end if;
  perform keyctl.lock_families(array[r.family_id]);
  v_answer := keyctl.prior_answer(p_operation, 'rotation.finalized', r.old_key_id);
  if v_answer is not null then
    return v_answer;
  end if;
  select * into r from keyctl.rotations where rotation_id = p_rotation_id;
  select * into o from keyctl.api_keys where id = r.old_key_id;
  v_now := clock_timestamp();
  -- A key that is kept until the next rotation has no end at all.
  v_by_itself := o.status = 'revoked' or coalesce(least(o.usable_until, o.expires_at) <= v_now, false);
  if r.finalized_at is not null then
    return jsonb_build_object('outcome', 'already_finalized', 'rotation_id', r.rotation_id, 'key_id', o.id,
      'finalized_at', r.finalized_at, 'old_key_status', o.status, 'audit_seq', null, 'repeated', false);
  elsif r.aborted_at is not null then
    raise exception using errcode = 'KC409', message = format('%s was aborted', r.rotation_id);
  elsif r.activated_at is null then
    raise exception using errcode = 'KC409', message = format('%s is not active yet: its successor is still pending', r.rotation_id);
  elsif r.commit_pending and not v_by_itself then
    raise exception using errcode = 'KC409', message = format('the new secret of %s is not in its place yet: the old key is what works there', r.rotation_id);
  end if;

  if p_quiet is not null and not v_by_itself then
    select * into q from keyctl.rotation_quiet(p_rotation_id);
    if q.successor_last_used_at is null or coalesce(q.quiet_seconds, 0) < extract(epoch from p_quiet) then
      return jsonb_build_object('outcome', 'not_quiet', 'rotation_id', r.rotation_id, 'key_id', o.id,
        'successor_last_used_at', q.successor_last_used_at, 'old_last_used_at', q.old_last_used_at, 'as_of', q.as_of,
        'quiet_seconds', q.quiet_seconds, 'old_key_status', o.status, 'audit_seq', null, 'repeated', false);
    end if;
  end if;

  if o.status <> 'revoked' then
    update keyctl.api_keys
    set status = 'replaced', usable_until = least(o.usable_until, o.expires_at, v_now),
      suspended_at = null, suspended_from = null, suspended_until = null, suspension_reason = null
    where id = o.id returning * into o;
  end if;
  update keyctl.rotations
  set finalized_at = coalesce(o.revoked_at, o.usable_until), commit_pending = commit_pending and v_by_itself
  where rotation_id = p_rotation_id returning * into r;

  v_answer := jsonb_build_object('outcome', 'finalized', 'rotation_id', r.rotation_id, 'key_id', o.id,
    'finalized_at', r.finalized_at, 'old_key_status', o.status);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'rotation.finalized', o.id, o.family_id, r.reason,
    jsonb_build_object('rotation_id', r.rotation_id, 'new_key_id', r.new_key_id, 'fingerprint', o.fingerprint,
      'cause', case when v_by_itself then 'ended by itself' when p_quiet is null then 'asked for' else 'quiet' end,
      'quiet_seconds', extract(epoch from p_quiet)), v_answer));
end $$;

revoke all on function keyctl.rotate_finalize from public;
grant execute on function keyctl.rotate_finalize to keyctl_operator;
