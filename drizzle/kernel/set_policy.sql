-- Sets what a policy, or an environment, asks of its keys, and answers the values before and after. A name that is new becomes
-- a policy. Outcomes: `created`, `set`, `unchanged` (nothing changed). It acts on every key that follows it, at once; keys are
-- not touched, so no expiry is shortened by it.
--   p_applies_to: policy or environment, null: as the name is known
--   p_settings: {rotate_every_seconds, grace_seconds, keep_previous, review_every_seconds, expires_within_seconds}, null unsets
create or replace function keyctl.set_policy(
  p_operation uuid, p_context jsonb, p_name text, p_applies_to text, p_settings jsonb, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_known constant text[] := array['rotate_every_seconds', 'grace_seconds', 'keep_previous', 'review_every_seconds', 'expires_within_seconds'];
  v_unknown text;
  v_reason text := keyctl.check_reason(p_reason);
  v_created boolean;
  v_before jsonb;
  v_after jsonb;
  v_answer jsonb;
  p keyctl.policies;
  n keyctl.policies;
begin
  v_answer := keyctl.prior_answer(p_operation, 'policy.set', null);
  if v_answer is not null then
    return v_answer;
  end if;
  select field into v_unknown from jsonb_object_keys(p_settings) field where field <> all (v_known) limit 1;
  if v_unknown is not null then
    raise exception using errcode = 'KC422', message = format('%I is no setting of a policy', v_unknown);
  elsif p_name is null or p_name !~ '^[a-z0-9][a-z0-9_.-]{0,62}$' or p_name = 'none' then
    raise exception using errcode = 'KC422', message = 'a policy has a name of a-z, 0-9, _, . and -, at most 63 characters, that is not "none"';
  elsif p_applies_to not in ('policy', 'environment') then
    raise exception using errcode = 'KC422', message = 'it applies to a policy or to an environment';
  elsif p_applies_to = 'environment' and p_name not in ('production', 'staging', 'development') then
    raise exception using errcode = 'KC422', message = 'the environment of a key is one of production, staging, development';
  end if;

  insert into keyctl.policies (name, applies_to) values (p_name, coalesce(p_applies_to, 'policy')) on conflict (name) do nothing;
  v_created := found;
  select * into strict p from keyctl.policies where name = p_name for update;
  -- Of the same operation twice at once, the second waited for the first just now.
  v_answer := keyctl.prior_answer(p_operation, 'policy.set', null);
  if v_answer is not null then
    return v_answer;
  elsif p_applies_to is distinct from p.applies_to and p_applies_to is not null then
    raise exception using errcode = 'KC422', message = format('%s is the name of %s', p.name,
      case p.applies_to when 'policy' then 'a policy, not of an environment' else 'an environment, not of a policy' end);
  end if;

  n := jsonb_populate_record(p, p_settings);
  if n.rotate_every_seconds not between 3600 and 3155760000 or n.review_every_seconds not between 86400 and 3155760000
     or n.expires_within_seconds not between 3600 and 3155760000 or n.grace_seconds not between 0 and 3155760000 then
    raise exception using errcode = 'KC422', message = 'a rotation or expiry is at least an hour away, a review a day, and none of them more than a hundred years';
  elsif n.grace_seconds >= n.rotate_every_seconds then
    raise exception using errcode = 'KC422', message = 'a grace period as long as the time between two rotations would never end before the next one';
  end if;

  select coalesce(jsonb_object_agg(o.key, o.value), '{}'), coalesce(jsonb_object_agg(o.key, w.value), '{}')
    into v_before, v_after
  from jsonb_each(to_jsonb(p)) o join jsonb_each(to_jsonb(n)) w using (key)
  where o.value is distinct from w.value;
  v_answer := jsonb_build_object('outcome', case when v_created then 'created' when v_after = '{}' then 'unchanged' else 'set' end,
    'name', p.name, 'applies_to', p.applies_to, 'before', v_before, 'after', v_after);
  if v_answer ->> 'outcome' = 'unchanged' then
    return v_answer || jsonb_build_object('audit_seq', null, 'repeated', false);
  end if;

  update keyctl.policies set
    rotate_every_seconds = n.rotate_every_seconds, grace_seconds = n.grace_seconds, keep_previous = n.keep_previous,
    review_every_seconds = n.review_every_seconds, expires_within_seconds = n.expires_within_seconds,
    set_at = clock_timestamp(), set_by = session_user
  where name = p_name;
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'policy.set', null, null, v_reason,
    jsonb_build_object('name', p.name, 'applies_to', p.applies_to, 'before', v_before, 'after', v_after), v_answer));
end $$;

revoke all on function keyctl.set_policy from public;
grant execute on function keyctl.set_policy to keyctl_admin;
