-- Blocks a network for every key: `decide` answers ip_blocked for it until p_for is over or it is unblocked.
-- Outcomes: `blocked`, `already_blocked` (an open block of the same network stands; nothing changed).
create or replace function keyctl.block_ip(
  p_operation uuid, p_context jsonb, p_cidr inet, p_reason text, p_for interval default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b keyctl.ip_blocks;
  v_cidr inet := keyctl.plain_ip(p_cidr);
  v_now timestamptz;
  v_reason text := keyctl.check_reason(p_reason);
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'ip.blocked', null);
  if v_answer is not null then
    return v_answer;
  end if;
  if v_cidr is null or masklen(v_cidr) = 0 then
    raise exception using errcode = 'KC422', message = 'a block names a network, and not every address there is';
  elsif p_for <= interval '0' then
    raise exception using errcode = 'KC422', message = 'a block lasts longer than nothing';
  end if;
  v_now := clock_timestamp();
  -- A block that ended by itself is closed here, so that the network can be blocked again.
  update keyctl.ip_blocks set unblocked_at = blocked_until where cidr = v_cidr and unblocked_at is null and blocked_until <= v_now;
  insert into keyctl.ip_blocks (cidr, reason, blocked_at, blocked_by, blocked_until)
  values (v_cidr, v_reason, v_now, session_user, v_now + p_for)
  on conflict (cidr) where unblocked_at is null do nothing
  returning * into b;
  if not found then
    -- Of the same operation twice at once, the second waited for the first just now.
    v_answer := keyctl.prior_answer(p_operation, 'ip.blocked', null);
    if v_answer is not null then
      return v_answer;
    end if;
    select * into b from keyctl.ip_blocks where cidr = v_cidr and unblocked_at is null;
    return jsonb_build_object('outcome', 'already_blocked', 'cidr', b.cidr, 'blocked_at', b.blocked_at,
      'blocked_until', b.blocked_until, 'reason', b.reason, 'audit_seq', null, 'repeated', false);
  end if;

  v_answer := jsonb_build_object('outcome', 'blocked', 'cidr', b.cidr, 'blocked_at', b.blocked_at,
    'blocked_until', b.blocked_until, 'reason', b.reason);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'ip.blocked', null, null, v_reason,
    jsonb_build_object('cidr', b.cidr, 'blocked_until', b.blocked_until), v_answer));
end $$;

revoke all on function keyctl.block_ip from public;
grant execute on function keyctl.block_ip to keyctl_operator;
