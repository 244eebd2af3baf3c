-- Writes down what ended by itself (decide says so already; this only tidies): graces that ran out, planned retirements
-- that came (revoked at that date, code `retired`, with the plan's reason), and expired keys that are to be suspended.
-- What another statement holds is left for the next run. Answers {finalized, retired, suspended: [key ids]}, at most
-- p_limit together: the caller asks again until there are fewer. The same operation again does what is left.
create or replace function keyctl.retire_due(p_operation uuid, p_context jsonb, p_limit integer default 500) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
  v_held text[];
  v_rows jsonb := '[]';
  v_finalized text[] := '{}';
  v_retired text[] := '{}';
  v_suspended text[] := '{}';
  v_end timestamptz;
  k keyctl.api_keys;
  r keyctl.rotations;
begin
  v_held := keyctl.lock_families(array(
    select c.family_id from (
      select t.family_id from keyctl.rotations t join keyctl.api_keys o on o.id = t.old_key_id
      where t.activated_at is not null and t.finalized_at is null and t.aborted_at is null
        and (o.status in ('revoked', 'replaced') or least(o.usable_until, o.expires_at) <= v_now)
      union all
      select a.family_id from keyctl.api_keys a
      where a.status in ('active', 'suspended') and a.replaced_by is null and a.retire_on <= v_now
      union all
      select a.family_id from keyctl.api_keys a
      where a.status = 'active' and a.on_expiry = 'suspend' and a.expires_at <= v_now
    ) c limit p_limit), true);

  for r in select t.* from keyctl.rotations t
    where t.family_id = any (v_held) and t.activated_at is not null and t.finalized_at is null and t.aborted_at is null order by t.old_key_id
  loop
    select * into k from keyctl.api_keys where id = r.old_key_id;
    v_end := coalesce(k.revoked_at, least(k.usable_until, k.expires_at));
    continue when v_end is null or v_end > v_now;
    if k.status not in ('revoked', 'replaced') then
      update keyctl.api_keys
      set status = 'replaced', usable_until = v_end, suspended_at = null, suspended_from = null, suspended_until = null, suspension_reason = null
      where id = k.id;
    end if;
    update keyctl.rotations set finalized_at = v_end where rotation_id = r.rotation_id;
    v_finalized := v_finalized || k.id;
    v_rows := v_rows || jsonb_build_object('action', 'rotation.finalized', 'key_id', k.id, 'family_id', k.family_id, 'reason', r.reason,
      'details', jsonb_build_object('rotation_id', r.rotation_id, 'new_key_id', r.new_key_id, 'fingerprint', k.fingerprint, 'cause', 'ended by itself'),
      'answer', jsonb_build_object('outcome', 'finalized', 'rotation_id', r.rotation_id, 'key_id', k.id, 'finalized_at', v_end));
  end loop;

  for k in select a.* from keyctl.api_keys a
    where a.family_id = any (v_held) and a.status in ('active', 'suspended') and a.replaced_by is null and a.retire_on <= v_now order by a.id
  loop
    update keyctl.api_keys
    set status = 'revoked', revoked_at = k.retire_on, revoked_by = session_user, revocation_code = 'retired',
      revocation_reason = coalesce(k.retire_reason, 'planned retirement'),
      suspended_at = null, suspended_from = null, suspended_until = null, suspension_reason = null
    where id = k.id;
    v_retired := v_retired || k.id;
    v_rows := v_rows || jsonb_build_object('action', 'key.revoked', 'key_id', k.id, 'family_id', k.family_id,
      'reason', coalesce(k.retire_reason, 'planned retirement'),
      'details', jsonb_build_object('code', 'retired', 'fingerprint', k.fingerprint),
      'answer', jsonb_build_object('outcome', 'revoked', 'key_id', k.id, 'revoked_at', k.retire_on));
  end loop;

  for k in select a.* from keyctl.api_keys a
    where a.family_id = any (v_held) and a.status = 'active' and a.on_expiry = 'suspend' and a.expires_at <= v_now order by a.id
  loop
    update keyctl.api_keys
    set status = 'suspended', suspended_at = v_now, suspended_from = 'active', suspended_until = null, suspension_reason = 'its expiry came'
    where id = k.id;
    v_suspended := v_suspended || k.id;
    v_rows := v_rows || jsonb_build_object('action', 'key.suspended', 'key_id', k.id, 'family_id', k.family_id, 'reason', 'its expiry came',
      'details', jsonb_build_object('expires_at', k.expires_at, 'on_expiry', 'suspend'),
      'answer', jsonb_build_object('outcome', 'suspended', 'key_id', k.id, 'suspended_at', v_now));
  end loop;

  if v_rows <> '[]' then
    perform keyctl.append_audit_rows(p_operation, p_context, v_rows);
  end if;
  return jsonb_build_object('finalized', v_finalized, 'retired', v_retired, 'suspended', v_suspended);
end $$;

revoke all on function keyctl.retire_due from public;
grant execute on function keyctl.retire_due to keyctl_operator;
