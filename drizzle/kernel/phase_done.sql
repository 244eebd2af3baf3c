-- Whether a phase of an incident is done: at a time, and since it was reopened, if it was.
create or replace function keyctl.phase_done(p_done_at timestamptz, p_reopened_at timestamptz) returns boolean
language sql immutable parallel safe as $$
  select p_done_at is not null and (p_reopened_at is null or p_done_at >= p_reopened_at)
$$;

revoke all on function keyctl.phase_done from public;
grant execute on function keyctl.phase_done to keyctl_viewer;
