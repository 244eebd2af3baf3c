-- Makes an existing key the successor of another: NEW, active and alone in its family, joins OLD's family as the next
-- version and keeps its name, owner, scopes and limits. OLD gets a grace period as in any rotation. Refused (KC409): a NEW
-- that is not active or not alone, an OLD that has a successor, another rotation that is under way, an open grace (unless
-- forced, which ends it). The same operation again gets its first answer.
--   p_options: {grace_seconds, compromised, force}
create or replace function keyctl.rotate_replace(
  p_operation uuid, p_context jsonb, p_old_key_id text, p_new_key_id text, p_options jsonb, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_reason text := keyctl.check_reason(p_reason);
  v_force boolean := coalesce((p_options ->> 'force')::boolean, false);
  v_compromised boolean := coalesce((p_options ->> 'compromised')::boolean, false);
  v_rotation_id text := 'rot_' || substr(p_new_key_id, 5);
  v_now timestamptz;
  v_status text;
  v_grace bigint;
  v_answer jsonb;
  v_outcome jsonb;
  o keyctl.api_keys;
  n keyctl.api_keys;
  v_other text;
begin
  perform keyctl.lock_families(array(select k.family_id from keyctl.api_keys k where k.id in (p_old_key_id, p_new_key_id)));
  select * into o from keyctl.api_keys where id = p_old_key_id;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key to replace';
  end if;
  select * into n from keyctl.api_keys where id = p_new_key_id;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such key to replace it with';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'rotation.activated', p_old_key_id);
  if v_answer is not null then
    return v_answer;
  end if;

  v_now := clock_timestamp();
  v_status := keyctl.status_at(n.status, n.activated_at, n.suspended_at, n.suspended_from, n.suspended_until, n.usable_until,
    n.retire_on, n.replaced_at, n.replaced_by, n.expires_at, n.revoked_at, v_now);
  select k.id into v_other from keyctl.api_keys k where k.family_id = n.family_id and k.id <> n.id limit 1;
  if o.id = n.id then
    raise exception using errcode = 'KC409', message = 'a key cannot replace itself';
  elsif v_status <> 'active' then
    raise exception using errcode = 'KC409', message = format('%s is %s: only an active key can take over', n.id, v_status);
  elsif v_other is not null then
    raise exception using errcode = 'KC409', message = format('%s belongs to the family of %s: only a key alone in its family can join another', n.id, v_other);
  elsif o.replaced_by is not null or o.status = 'replaced' then
    raise exception using errcode = 'KC409', message = format('%s is replaced already, by %s', o.id, coalesce(o.replaced_by, 'a key that is not known here'));
  elsif o.activated_at is null then
    raise exception using errcode = 'KC409', message = format('%s is %s: it never was usable', o.id, o.status);
  end if;
  select l.rotation_id into v_other from keyctl.rotation_list l where l.family_id = o.family_id and l.state = 'pending';
  if v_other is not null then
    raise exception using errcode = 'KC409', message = format('another rotation of %s is under way: %s', o.id, v_other);
  end if;

  select case when v_compromised then 0 else coalesce((p_options ->> 'grace_seconds')::bigint, p.grace_seconds, 86400) end
    into v_grace from keyctl.policy_for(o.policy, o.environment) p;
  -- For the moment of this statement it stands where every successor stands before it is activated.
  update keyctl.api_keys
  set family_id = o.family_id, version = (select max(k.version) from keyctl.api_keys k where k.family_id = o.family_id) + 1,
    status = 'pending', suspended_at = null, suspended_from = null, suspended_until = null, suspension_reason = null
  where id = n.id;
  insert into keyctl.rotations (rotation_id, operation_id, family_id, old_key_id, new_key_id, kind, reason, grace_seconds,
    compromised, force, deliver_to, prepared_at)
  values (v_rotation_id, p_operation, o.family_id, o.id, n.id, 'replace', v_reason, v_grace, v_compromised, v_force, n.delivered_to, v_now);
  v_outcome := keyctl.rotate_activate(p_operation, p_context, jsonb_build_array(jsonb_build_object(
    'rotation_id', v_rotation_id, 'delivered_to', to_jsonb(n.delivered_to), 'in_place', false))) #> '{outcomes,0}';
  if v_outcome ->> 'outcome' <> 'activated' then
    raise exception using errcode = 'KC409', message = format('an older key of this family, %s, is still usable until %s',
      v_outcome ->> 'open_key_id', v_outcome ->> 'grace_ends_at');
  end if;
  update keyctl.api_keys set activated_at = n.activated_at where id = n.id;
  return v_outcome;
end $$;

revoke all on function keyctl.rotate_replace from public;
grant execute on function keyctl.rotate_replace to keyctl_operator;
