-- How far a planned retirement has come at a moment: planned, notice (the last 30 days), migration (the last 14), deprecation
-- (the last 7: the limits step down, effective_limits), retired; null without a plan. In hours, because a day differs
-- with the session's time zone.
create or replace function keyctl.retirement_phase(p_retire_on timestamptz, p_at timestamptz) returns text
language sql stable parallel safe as $$
  select case
    when p_retire_on is null then null
    when p_at >= p_retire_on then 'retired'
    when p_at >= p_retire_on - interval '168 hours' then 'deprecation'
    when p_at >= p_retire_on - interval '336 hours' then 'migration'
    when p_at >= p_retire_on - interval '720 hours' then 'notice'
    else 'planned'
  end
$$;

revoke all on function keyctl.retirement_phase from public;
grant execute on function keyctl.retirement_phase to keyctl_viewer, keyctl_gateway;
