-- Gives up rotations whose successors never became usable: those are revoked with code `abandoned`, the old keys stay as
-- they are. Answers {outcomes: [...]} in the order of p_rotation_ids: aborted; with nothing changed: already_aborted,
-- activated (too late: the successor is usable), not_found. The same operation again gets its first answer;
-- for another rotation of the same key it is refused (KC409).
create or replace function keyctl.rotate_abort(p_operation uuid, p_context jsonb, p_rotation_ids text[], p_reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_reason text := keyctl.check_reason(p_reason);
  v_id text;
  v_now timestamptz;
  v_answer jsonb;
  v_answers jsonb := '[]';
  v_rows jsonb := '[]';
  v_latest_seq bigint;
  r keyctl.rotations;
  n keyctl.api_keys;
begin
  perform keyctl.lock_families(array(select t.family_id from keyctl.rotations t where t.rotation_id = any (p_rotation_ids)));
  foreach v_id in array p_rotation_ids loop
    select * into r from keyctl.rotations where rotation_id = v_id;
    if not found then
      v_answers := v_answers || jsonb_build_object('outcome', 'not_found', 'rotation_id', v_id);
      continue;
    end if;
    select * into n from keyctl.api_keys where id = r.new_key_id;
    v_answer := keyctl.prior_answer(p_operation, 'rotation.aborted', r.old_key_id);
    if v_answer ->> 'rotation_id' <> v_id then
      raise exception using errcode = 'KC409', message = format('this operation gave up another rotation before, %s: %s needs one of its own',
        v_answer ->> 'rotation_id', v_id);
    end if;
    v_answer := coalesce(v_answer,
      case
        when r.activated_at is not null then jsonb_build_object('outcome', 'activated', 'rotation_id', v_id, 'key_id', r.old_key_id)
        when r.aborted_at is not null or n.status = 'revoked' then
          jsonb_build_object('outcome', 'already_aborted', 'rotation_id', v_id, 'key_id', r.old_key_id)
      end);
    if v_answer is null then
      v_now := clock_timestamp();
      update keyctl.api_keys
      set status = 'revoked', revoked_at = v_now, revoked_by = session_user, revocation_reason = v_reason, revocation_code = 'abandoned'
      where id = n.id;
      update keyctl.rotations set aborted_at = v_now where rotation_id = v_id;
      v_answer := jsonb_build_object('outcome', 'aborted', 'rotation_id', v_id, 'key_id', r.old_key_id, 'new_key_id', n.id, 'aborted_at', v_now);
      v_rows := v_rows || jsonb_build_object('action', 'rotation.aborted', 'key_id', r.old_key_id, 'family_id', r.family_id,
        'reason', v_reason, 'details', jsonb_build_object('rotation_id', v_id, 'new_key_id', n.id, 'fingerprint', n.fingerprint), 'answer', v_answer);
      v_answer := v_answer || jsonb_build_object('repeated', false, 'row', jsonb_array_length(v_rows));
    end if;
    v_answers := v_answers || v_answer;
  end loop;
  if v_rows <> '[]' then
    v_latest_seq := keyctl.append_audit_rows(p_operation, p_context, v_rows);
  end if;
  return jsonb_build_object('outcomes', coalesce((
    select jsonb_agg(case when e.answer ? 'row'
        then e.answer - 'row' || jsonb_build_object('audit_seq', v_latest_seq - jsonb_array_length(v_rows) + (e.answer ->> 'row')::bigint)
        else e.answer end
      order by e.at)
    from jsonb_array_elements(v_answers) with ordinality e (answer, at)), '[]'));
end $$;

revoke all on function keyctl.rotate_abort from public;
grant execute on function keyctl.rotate_abort to keyctl_operator;
