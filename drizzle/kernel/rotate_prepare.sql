-- Registers a `pending` successor for each key of p_items: known, not usable, until every sink holds its secret (DESIGN 5).
-- At most 100 keys a statement. The caller minted the tokens and keeps them; only their verifiers come here. A key is
-- rotated only in the version that the caller saw, so that a late comer never rotates the successor (F11). The same
-- operation again answers with the first successor and how it stands now, whoever minted a second one meanwhile.
--   p_items: [{key_id, version, id, prefix, salt, verifier (hex), hash_scheme, fingerprint, deliver_to: []}]
--   p_options: {grace_seconds, keep_previous, compromised, force, expires_at | expires_in_seconds, kind: rotate|reissue,
--     abandon_dead: may a pending successor older than an hour be given up,
--     due: decide again that it is due and skip what another statement holds, older_than_seconds}
-- Answers {outcomes: [...]}, one for each item, in the order of the items. Outcomes: prepared, and, with nothing changed:
-- not_found, busy (held by another statement), version_changed, not_due, pending_open (another rotation is under way;
-- `dead` when older than an hour), grace_open (an older key of the family is still usable), already_replaced, not_active
-- (never usable: pending, or abandoned), in_use (a reissue of what was used), refused (with `message`).
create or replace function keyctl.rotate_prepare(
  p_operation uuid, p_context jsonb, p_items jsonb, p_options jsonb, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_reason text := keyctl.check_reason(p_reason);
  v_kind text := coalesce(p_options ->> 'kind', 'rotate');
  v_force boolean := coalesce((p_options ->> 'force')::boolean, false);
  v_due boolean := coalesce((p_options ->> 'due')::boolean, false);
  v_abandon boolean := v_force or coalesce((p_options ->> 'abandon_dead')::boolean, false);
  v_compromised boolean := coalesce((p_options ->> 'compromised')::boolean, false);
  v_now timestamptz;
  v_item jsonb;
  v_status text;
  v_answer jsonb;
  -- Arrays, not one growing jsonb: that would be read and written anew for each item, a third of the time of a batch.
  v_answers jsonb[] := '{}';
  v_rows jsonb[] := '{}';
  -- Which of v_rows an answer stands in; null for one without a row.
  v_rows_of integer[] := '{}';
  v_repeated text[];
  v_held text[];
  v_grace bigint;
  v_latest_seq bigint;
  v_lost jsonb;
  v_id text;
  k keyctl.api_keys;
  n keyctl.api_keys;
  o keyctl.api_keys;
  p record;
begin
  if jsonb_array_length(p_items) > 100 then
    raise exception using errcode = 'KC422', message = 'at most 100 keys a statement';
  elsif v_kind not in ('rotate', 'reissue') then
    raise exception using errcode = 'KC422', message = 'the kind is one of rotate, reissue';
  end if;

  v_held := keyctl.lock_families(array(
    select a.family_id from keyctl.api_keys a where a.id in (select i ->> 'key_id' from jsonb_array_elements(p_items) i)), v_due);
  v_repeated := array(select l.key_id from keyctl.audit_log l
    where l.operation_id = p_operation and l.action = 'rotation.prepared'
      and l.key_id in (select i ->> 'key_id' from jsonb_array_elements(p_items) i));
  for v_item in select i.item from jsonb_array_elements(p_items) with ordinality i (item, at) order by i.at
  loop
    v_rows_of := v_rows_of || null::integer;
    v_id := v_item ->> 'key_id';
    select * into k from keyctl.api_keys where id = v_id;
    if not found or k.family_id <> all (v_held) then
      v_answers := v_answers || jsonb_build_object('key_id', v_id, 'outcome', case when found then 'busy' else 'not_found' end);
      continue;
    end if;
    v_now := clock_timestamp();

    if v_id = any (v_repeated) then
      v_answer := keyctl.prior_answer(p_operation, 'rotation.prepared', v_id);
      v_answers := v_answers || (v_answer || (
        select jsonb_build_object('state', l.state, 'old_key_status', l.old_status, 'grace_ends_at', l.grace_ends_at,
          'new_status', l.new_status, 'delivered_to', a.delivered_to, 'commit_pending', l.commit_pending)
        from keyctl.rotation_list l join keyctl.api_keys a on a.id = l.new_key_id
        where l.rotation_id = v_answer ->> 'rotation_id'));
      continue;
    end if;

    v_status := keyctl.status_at(k.status, k.activated_at, k.suspended_at, k.suspended_from, k.suspended_until,
      k.usable_until, k.retire_on, k.replaced_at, k.replaced_by, k.expires_at, k.revoked_at, v_now);
    v_answer := null;
    v_lost := null;
    if k.replaced_by is not null or k.status = 'replaced' then
      v_answer := jsonb_build_object('outcome', 'already_replaced', 'successor_id', k.replaced_by);
    elsif (v_item ->> 'version')::integer is distinct from k.version then
      v_answer := jsonb_build_object('outcome', 'version_changed', 'version', k.version);
    elsif v_due and not exists (
      select from keyctl.rotation_plan r
      where r.key_id = k.id and r.left_out is null
        and case when p_options ? 'older_than_seconds'
          then r.due_cause = 'weak' or r.activated_at <= v_now - make_interval(secs => (p_options ->> 'older_than_seconds')::double precision)
          else r.due_at <= v_now end
    ) then
      v_answer := jsonb_build_object('outcome', 'not_due');
    elsif k.activated_at is null then
      -- Pending, or abandoned as a pending one: the key that it was to replace may be active beside it.
      v_answer := jsonb_build_object('outcome', 'not_active', 'status', v_status);
    end if;

    if v_answer is null then
      -- A successor that was minted before: under way, or left by a run that died.
      select jsonb_build_object('rotation_id', r.rotation_id, 'new_key_id', r.new_key_id, 'prepared_at', r.prepared_at,
        'prepared_by', r.prepared_by, 'age_seconds', age.seconds, 'dead', age.seconds > 3600) into v_lost
      from keyctl.rotations r join keyctl.api_keys a on a.id = r.new_key_id
      cross join lateral (select extract(epoch from statement_timestamp() - r.prepared_at)::double precision as seconds) age
      -- As rotation_list has it (state pending), whose planning alone costs 2 ms of a first rotation.
      where r.family_id = k.family_id and r.activated_at is null and r.aborted_at is null and a.status <> 'revoked';
      if v_lost is not null and not (v_force or v_abandon and (v_lost -> 'dead')::boolean) then
        v_answer := v_lost || jsonb_build_object('outcome', 'pending_open');
      end if;
    end if;

    select * into p from keyctl.policy_for(k.policy, k.environment);
    v_grace := case
      when v_compromised or v_kind = 'reissue' or v_status not in ('active', 'retiring') then 0
      when coalesce((p_options ->> 'keep_previous')::boolean, not p_options ? 'grace_seconds' and p.keep_previous) then null
      else coalesce((p_options ->> 'grace_seconds')::bigint, p.grace_seconds, 86400)
    end;
    if v_answer is null and v_kind = 'reissue' and keyctl.last_accepted(k.id, k.last_used_at) is not null then
      v_answer := jsonb_build_object('outcome', 'in_use', 'last_used_at', keyctl.last_accepted(k.id, k.last_used_at));
    elsif v_answer is null and (v_grace is distinct from 0 or v_force) then
      -- Two usable keys are enough: what dies at once makes room, what gets a grace period does not.
      select jsonb_build_object('outcome', 'grace_open', 'open_key_id', a.id, 'grace_ends_at', least(a.usable_until, a.expires_at),
        'rotation_id', r.rotation_id, 'commit_pending', coalesce(r.commit_pending, false)) into v_answer
      from keyctl.api_keys a left join keyctl.rotations r on r.old_key_id = a.id and r.new_key_id = a.replaced_by
      where a.family_id = k.family_id and a.id <> k.id and a.replaced_by is not null and a.status in ('retiring', 'suspended')
        and keyctl.status_at(a.status, a.activated_at, a.suspended_at, a.suspended_from, a.suspended_until, a.usable_until,
          a.retire_on, a.replaced_at, a.replaced_by, a.expires_at, a.revoked_at, v_now) in ('retiring', 'suspended')
        -- A key that is kept until the next rotation ends with this one, without --force.
        -- Not what still stands where its successor was to be put: neither --force nor a next rotation ends that.
        and (r.commit_pending or not v_force and least(a.usable_until, a.expires_at) is not null)
      limit 1;
    end if;

    n := k;
    if v_answer is null and not (k.expires_at is null and p.expires_within_seconds is null
      and not p_options ?| array['expires_at', 'expires_in_seconds'])
    then
      begin
        n.expires_at := keyctl.successor_expiry(k, p_options, v_now);
      exception when sqlstate 'KC409' or sqlstate 'KC422' then
        v_answer := jsonb_build_object('outcome', 'refused', 'message', sqlerrm, 'usage', sqlstate = 'KC422');
      end;
    end if;
    if v_answer is not null then
      v_answers := v_answers || (v_answer || jsonb_build_object('key_id', v_id, 'name', k.name));
      continue;
    end if;

    if v_lost is not null then
      update keyctl.api_keys
      set status = 'revoked', revoked_at = v_now, revoked_by = session_user, revocation_reason = v_reason, revocation_code = 'abandoned'
      where id = v_lost ->> 'new_key_id';
      update keyctl.rotations set aborted_at = v_now where rotation_id = v_lost ->> 'rotation_id';
      -- Under the id of what was given up: this operation may have to abort its own rotation of the old key later.
      v_rows := v_rows || jsonb_build_object('action', 'rotation.aborted', 'key_id', v_lost ->> 'new_key_id', 'family_id', k.family_id, 'reason', v_reason,
        'details', v_lost || '{"cause": "given up for a new rotation"}',
        'answer', jsonb_build_object('outcome', 'aborted', 'rotation_id', v_lost ->> 'rotation_id'));
    end if;

    n.id := v_item ->> 'id';
    n.prefix := v_item ->> 'prefix';
    n.salt := decode(v_item ->> 'salt', 'hex');
    n.verifier := decode(v_item ->> 'verifier', 'hex');
    n.hash_scheme := (v_item ->> 'hash_scheme')::smallint;
    n.fingerprint := v_item ->> 'fingerprint';
    n.external_id := null;
    n.digest := null;
    n.origin := 'issued';
    n.name := keyctl.rotated_name(k.name);
    n.status := 'pending';
    n.version := (select max(a.version) from keyctl.api_keys a where a.family_id = k.family_id) + 1;
    n.replaces := null;
    n.replaced_by := null;
    n.replaced_at := null;
    n.created_at := v_now;
    n.created_by := session_user;
    n.activated_at := null;
    n.delivered_to := '{}';
    n.usable_until := null;
    n.retire_on := null;
    n.retire_reason := null;
    n.suspended_at := null;
    n.suspended_until := null;
    n.suspended_from := null;
    n.suspension_reason := null;
    n.revoked_at := null;
    n.revoked_by := null;
    n.revocation_reason := null;
    n.revocation_code := null;
    n.last_used_at := null;
    insert into keyctl.api_keys select n.*;
    insert into keyctl.rotations (rotation_id, operation_id, family_id, old_key_id, new_key_id, kind, reason, grace_seconds,
      compromised, force, deliver_to, prepared_at)
    values ('rot_' || substr(n.id, 5), p_operation, k.family_id, k.id, n.id, v_kind, v_reason, v_grace, v_compromised, v_force,
      array(select jsonb_array_elements_text(coalesce(v_item -> 'deliver_to', '[]'))), v_now);

    v_answer := jsonb_build_object('outcome', 'prepared', 'rotation_id', 'rot_' || substr(n.id, 5), 'key_id', k.id,
      'new_key_id', n.id, 'version', n.version, 'name', n.name, 'fingerprint', n.fingerprint, 'scopes', n.scopes,
      'created_at', n.created_at, 'expires_at', n.expires_at, 'old_fingerprint', k.fingerprint, 'old_status', v_status,
      'grace_seconds', v_grace, 'abandoned', v_lost ->> 'new_key_id') || keyctl.old_key_after(k, v_status, v_grace, v_now);
    v_answers := v_answers || (v_answer || '{"repeated": false, "state": "pending"}');
    v_rows := v_rows || jsonb_build_object('action', 'rotation.prepared', 'key_id', k.id, 'family_id', k.family_id, 'reason', v_reason,
      'details', jsonb_build_object('successor', keyctl.key_record(n), 'old_fingerprint', k.fingerprint,
        'deliver_to', coalesce(v_item -> 'deliver_to', '[]'), 'compromised', v_compromised, 'due', v_due),
      'answer', v_answer);
    v_rows_of[cardinality(v_rows_of)] := cardinality(v_rows);
  end loop;

  if cardinality(v_rows) > 0 then
    v_latest_seq := keyctl.append_audit_rows(p_operation, p_context, to_jsonb(v_rows));
  end if;
  return jsonb_build_object('outcomes', coalesce((
    select jsonb_agg(a.answer || jsonb_build_object('audit_seq', coalesce(
        to_jsonb(v_latest_seq - cardinality(v_rows) + v_rows_of[a.at]), a.answer -> 'audit_seq'))
      order by a.at)
    from unnest(v_answers) with ordinality a (answer, at)), '[]'));
end $$;

revoke all on function keyctl.rotate_prepare from public;
grant execute on function keyctl.rotate_prepare to keyctl_operator;
