-- Notes that the new secrets stand in their places: what was waiting for it (an old key without grace) ends now.
-- Answers {outcomes: [...]} in the order of p_rotation_ids: committed; with nothing changed: already_committed, not_found,
-- not_active. The same operation again gets its first answer.
create or replace function keyctl.rotate_commit(p_operation uuid, p_context jsonb, p_rotation_ids text[]) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_id text;
  v_ends boolean;
  v_answer jsonb;
  v_answers jsonb := '[]';
  v_rows jsonb := '[]';
  r keyctl.rotations;
  o keyctl.api_keys;
begin
  perform keyctl.lock_families(array(select t.family_id from keyctl.rotations t where t.rotation_id = any (p_rotation_ids)));
  foreach v_id in array p_rotation_ids loop
    select * into r from keyctl.rotations where rotation_id = v_id;
    if not found then
      v_answers := v_answers || jsonb_build_object('outcome', 'not_found', 'rotation_id', v_id);
      continue;
    end if;
    v_answer := coalesce(keyctl.prior_answer(p_operation, 'rotation.committed', r.old_key_id),
      case
        when r.activated_at is null then jsonb_build_object('outcome', 'not_active', 'rotation_id', v_id)
        when not r.commit_pending then jsonb_build_object('outcome', 'already_committed', 'rotation_id', v_id)
      end);
    if v_answer is null then
      select * into o from keyctl.api_keys where id = r.old_key_id;
      v_ends := r.grace_seconds = 0 and (o.status = 'retiring' or o.status = 'suspended');
      if v_ends then
        update keyctl.api_keys
        set status = 'replaced', usable_until = least(o.usable_until, clock_timestamp()),
          suspended_at = null, suspended_from = null, suspended_until = null, suspension_reason = null
        where id = o.id returning * into o;
      end if;
      update keyctl.rotations
      set commit_pending = false, finalized_at = case when v_ends then o.usable_until else r.finalized_at end
      where rotation_id = v_id returning * into r;
      -- Of what a reissue took the place of, nothing is to be put anywhere any more.
      update keyctl.rotations set commit_pending = false where family_id = r.family_id and commit_pending and activated_at is not null;
      v_answer := jsonb_build_object('outcome', 'committed', 'rotation_id', v_id, 'key_id', o.id, 'old_key_status', o.status,
        'grace_ends_at', case when o.status = 'retiring' then least(o.usable_until, o.expires_at) end, 'finalized_at', r.finalized_at);
      v_rows := v_rows || jsonb_build_object('action', 'rotation.committed', 'key_id', o.id, 'family_id', o.family_id,
        'reason', r.reason, 'details', jsonb_build_object('rotation_id', v_id), 'answer', v_answer);
    end if;
    v_answers := v_answers || v_answer;
  end loop;
  if v_rows <> '[]' then
    perform keyctl.append_audit_rows(p_operation, p_context, v_rows);
  end if;
  return jsonb_build_object('outcomes', v_answers);
end $$;

revoke all on function keyctl.rotate_commit from public;
grant execute on function keyctl.rotate_commit to keyctl_operator;
