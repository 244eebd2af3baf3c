-- Makes prepared successors usable, after every sink acknowledged their secrets, and starts the grace period of the old
-- keys: their end becomes the earlier of their own and now + grace; without grace they are dead at once. A key that was
-- revoked stays revoked, one that is suspended is replaced at once. An older key of the family that is still usable ends
-- now when it was kept until this rotation, or by force; at most two keys of a family are usable. Neither ends
-- one that is still needed: the secret of its own successor is not in its place yet (grace_open).
--   p_items: [{rotation_id, delivered_to: [], in_place}]. in_place: a sink changes something that is in use only at its
--   commit, so that a key without grace stays usable until rotate_commit, an hour (ten minutes when compromised) at most.
-- Answers {outcomes: [...]} in the order of the items: activated; with nothing changed: not_found, already_activated,
-- aborted, grace_open, already_replaced. The same operation again gets its first answer.
create or replace function keyctl.rotate_activate(p_operation uuid, p_context jsonb, p_items jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_item jsonb;
  v_now timestamptz;
  v_from timestamptz;
  v_status text;
  v_end timestamptz;
  v_grace_ends timestamptz;
  v_waits boolean;
  v_keeps boolean;
  v_ended jsonb;
  v_answer jsonb;
  -- Arrays, as in rotate_prepare.
  v_answers jsonb[] := '{}';
  v_rows jsonb[] := '{}';
  v_rows_of integer[] := '{}';
  v_repeated text[];
  v_latest_seq bigint;
  r keyctl.rotations;
  o keyctl.api_keys;
  n keyctl.api_keys;
  a keyctl.api_keys;
begin
  if jsonb_array_length(p_items) > 100 then
    raise exception using errcode = 'KC422', message = 'at most 100 rotations a statement';
  end if;
  perform keyctl.lock_families(array(
    select t.family_id from keyctl.rotations t
    where t.rotation_id in (select i ->> 'rotation_id' from jsonb_array_elements(p_items) i)));

  v_repeated := array(select l.key_id from keyctl.audit_log l
    where l.operation_id = p_operation and l.action = 'rotation.activated' and l.key_id in (
      select t.old_key_id from keyctl.rotations t
      where t.rotation_id in (select i ->> 'rotation_id' from jsonb_array_elements(p_items) i)));
  for v_item in select i.item from jsonb_array_elements(p_items) with ordinality i (item, at) order by i.at
  loop
    v_rows_of := v_rows_of || null::integer;
    select * into r from keyctl.rotations where rotation_id = v_item ->> 'rotation_id';
    if not found then
      v_answers := v_answers || jsonb_build_object('outcome', 'not_found', 'rotation_id', v_item ->> 'rotation_id');
      continue;
    end if;
    if r.old_key_id = any (v_repeated) then
      v_answers := v_answers || keyctl.prior_answer(p_operation, 'rotation.activated', r.old_key_id);
      continue;
    end if;
    v_answer := null;
    v_now := clock_timestamp();
    select * into o from keyctl.api_keys where id = r.old_key_id;
    select * into n from keyctl.api_keys where id = r.new_key_id;
    v_status := keyctl.status_at(o.status, o.activated_at, o.suspended_at, o.suspended_from, o.suspended_until,
      o.usable_until, o.retire_on, o.replaced_at, o.replaced_by, o.expires_at, o.revoked_at, v_now);
    if r.activated_at is not null then
      v_answer := jsonb_build_object('outcome', 'already_activated', 'activated_at', r.activated_at);
    elsif n.status <> 'pending' then
      v_answer := jsonb_build_object('outcome', 'aborted', 'new_status', n.status);
    elsif o.replaced_by is not null then
      v_answer := jsonb_build_object('outcome', 'already_replaced', 'successor_id', o.replaced_by);
    end if;

    -- A secret that is reissued stands nowhere, so nothing waits for its successor to be put into place.
    v_waits := coalesce((v_item ->> 'in_place')::boolean, false) and v_status = 'active' and r.kind <> 'reissue';
    v_keeps := v_status = 'active' and (r.grace_seconds is distinct from 0 or v_waits);
    -- The end that was told when it was prepared stays true, unless the delivery took more than a hundredth of the grace.
    v_from := case when v_now - r.prepared_at < make_interval(secs => r.grace_seconds) / 100 then r.prepared_at else v_now end;
    v_ended := '[]';
    if v_answer is null and (v_keeps or r.force) then
      select * into a from keyctl.api_keys
      where family_id = r.family_id and id <> o.id and (status = 'retiring' or status = 'suspended' and suspended_from = 'retiring');
      if found then
        -- Its end may have come by itself already: then it is only written down.
        v_end := least(a.usable_until, a.expires_at);
        if v_end > v_now and not r.force or coalesce(v_end > v_now, true) and exists (
          select from keyctl.rotations t where t.old_key_id = a.id and t.new_key_id = a.replaced_by and t.commit_pending
        ) then
          v_answer := jsonb_build_object('outcome', 'grace_open', 'open_key_id', a.id, 'grace_ends_at', v_end);
        else
          v_end := least(v_end, v_now);
          update keyctl.api_keys
          set status = 'replaced', usable_until = v_end, suspended_at = null, suspended_from = null, suspended_until = null, suspension_reason = null
          where id = a.id;
          update keyctl.rotations set finalized_at = v_end, commit_pending = false where old_key_id = a.id and activated_at is not null and finalized_at is null;
          v_ended := jsonb_build_array(jsonb_build_object('key_id', a.id, 'ended_at', v_end));
          v_rows := v_rows || jsonb_build_object('action', 'rotation.finalized', 'key_id', a.id, 'family_id', a.family_id,
            'reason', r.reason, 'details', jsonb_build_object('rotation_id', (
              select t.rotation_id from keyctl.rotations t where t.old_key_id = a.id and t.activated_at is not null),
              'cause', 'ended by the next rotation', 'by', r.rotation_id, 'fingerprint', a.fingerprint),
            'answer', jsonb_build_object('outcome', 'finalized', 'key_id', a.id, 'ended_at', v_end));
        end if;
      end if;
    end if;
    if v_answer is not null then
      v_answers := v_answers || (v_answer || jsonb_build_object('rotation_id', r.rotation_id, 'key_id', o.id));
      continue;
    end if;

    if o.status = 'revoked' then
      update keyctl.api_keys set replaced_by = n.id, replaced_at = v_now where id = o.id returning * into o;
    elsif not v_keeps then
      update keyctl.api_keys
      set status = 'replaced', replaced_by = n.id, replaced_at = v_now, usable_until = least(o.usable_until, v_now),
        suspended_at = null, suspended_from = null, suspended_until = null, suspension_reason = null
      where id = o.id returning * into o;
    else
      update keyctl.api_keys
      set status = 'retiring', replaced_by = n.id, replaced_at = v_now,
        usable_until = least(o.usable_until, v_from + make_interval(secs => case
          when r.grace_seconds > 0 or r.grace_seconds is null then r.grace_seconds
          when r.compromised then 600 else 3600 end)),
        suspended_at = null, suspended_from = null, suspended_until = null, suspension_reason = null
      where id = o.id returning * into o;
    end if;
    update keyctl.api_keys
    set status = 'active', activated_at = v_now, replaces = o.id,
      delivered_to = array(select jsonb_array_elements_text(coalesce(v_item -> 'delivered_to', '[]')))
    where id = n.id returning * into n;
    update keyctl.rotations
    set activated_at = v_now, commit_pending = coalesce((v_item ->> 'in_place')::boolean, false),
      finalized_at = case when o.status = 'retiring' then null when o.status = 'revoked' then o.revoked_at else o.usable_until end
    where rotation_id = r.rotation_id returning * into r;

    if r.kind = 'reissue' and not r.commit_pending then
      -- Nothing is left to be put into place, not of the secret that was lost either.
      update keyctl.rotations set commit_pending = false where family_id = r.family_id and commit_pending and activated_at is not null;
    end if;
    v_grace_ends := case when o.status = 'retiring' then least(o.usable_until, o.expires_at) end;
    v_answer := jsonb_build_object('outcome', 'activated', 'rotation_id', r.rotation_id, 'key_id', o.id, 'new_key_id', n.id,
      'activated_at', n.activated_at, 'old_key_status', o.status, 'grace_ends_at', v_grace_ends, 'grace_seconds', r.grace_seconds,
      'commit_pending', r.commit_pending, 'ended', v_ended);
    v_answers := v_answers || (v_answer || '{"repeated": false}');
    v_rows := v_rows || jsonb_build_object('action', 'rotation.activated', 'key_id', o.id, 'family_id', o.family_id, 'reason', r.reason,
      'details', jsonb_build_object('rotation_id', r.rotation_id, 'kind', r.kind, 'old_fingerprint', o.fingerprint,
        'new_key_id', n.id, 'new_fingerprint', n.fingerprint, 'new_version', n.version, 'delivered_to', n.delivered_to,
        'compromised', r.compromised, 'status_before', v_status),
      'answer', v_answer);
    v_rows_of[cardinality(v_rows_of)] := cardinality(v_rows);
  end loop;

  if cardinality(v_rows) > 0 then
    v_latest_seq := keyctl.append_audit_rows(p_operation, p_context, to_jsonb(v_rows));
  end if;
  return jsonb_build_object('outcomes', coalesce((
    select jsonb_agg(e.answer || jsonb_build_object('audit_seq', coalesce(
        to_jsonb(v_latest_seq - cardinality(v_rows) + v_rows_of[e.at]), e.answer -> 'audit_seq'))
      order by e.at)
    from unnest(v_answers) with ordinality e (answer, at)), '[]'));
end $$;

revoke all on function keyctl.rotate_activate from public;
grant execute on function keyctl.rotate_activate to keyctl_operator;
