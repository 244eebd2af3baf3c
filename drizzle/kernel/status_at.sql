-- The status that is true at a moment, from a key's own columns: the one place that knows what ends by itself
-- (grace, suspension, planned retirement, expiry), so that no job has to run for an end to count.
-- It looks back as far as the columns remember: a suspension that was lifted is told by the audit log only.
-- A key that was replaced is `retiring` until usable_until; without one it is kept until the next rotation.
create or replace function keyctl.status_at(
  p_status text, p_activated_at timestamptz, p_suspended_at timestamptz, p_suspended_from text,
  p_suspended_until timestamptz, p_usable_until timestamptz, p_retire_on timestamptz, p_replaced_at timestamptz,
  p_replaced_by text, p_expires_at timestamptz, p_revoked_at timestamptz, p_at timestamptz
) returns text
language sql immutable parallel safe as $$
  select case
    when p_revoked_at <= p_at then 'revoked'
    when p_activated_at is null or p_at < p_activated_at then 'pending'
    when p_usable_until <= p_at and p_retire_on is not null and p_replaced_by is null then 'revoked'
    when p_usable_until <= p_at then 'replaced'
    when p_status = 'replaced' and p_usable_until is null and coalesce(p_replaced_at, p_at) <= p_at then 'replaced'
    when p_suspended_from is not null and p_suspended_at <= p_at
      and (p_suspended_until is null or p_at < p_suspended_until) then 'suspended'
    when p_expires_at <= p_at then 'expired'
    when p_replaced_at <= p_at then 'retiring'
    when p_status = 'retiring' and p_replaced_at is null then 'retiring'
    else 'active'
  end
$$;

revoke all on function keyctl.status_at from public;
grant execute on function keyctl.status_at to keyctl_viewer, keyctl_gateway;
