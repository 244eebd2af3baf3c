-- Ends the open block of exactly this network. Outcomes: `unblocked`, `not_blocked` (nothing changed).
create or replace function keyctl.unblock_ip(
  p_operation uuid, p_context jsonb, p_cidr inet, p_reason text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b keyctl.ip_blocks;
  v_cidr inet := keyctl.plain_ip(p_cidr);
  v_reason text := keyctl.check_reason(p_reason);
  v_answer jsonb;
begin
  v_answer := keyctl.prior_answer(p_operation, 'ip.unblocked', null);
  if v_answer is not null then
    return v_answer;
  end if;
  update keyctl.ip_blocks
  set unblocked_at = clock_timestamp(), unblocked_by = session_user, unblock_reason = v_reason
  where cidr = v_cidr and unblocked_at is null and (blocked_until is null or blocked_until > clock_timestamp())
  returning * into b;
  if not found then
    -- Of the same operation twice at once, the second waited for the first just now.
    v_answer := keyctl.prior_answer(p_operation, 'ip.unblocked', null);
    if v_answer is not null then
      return v_answer;
    end if;
    return jsonb_build_object('outcome', 'not_blocked', 'cidr', v_cidr, 'audit_seq', null, 'repeated', false);
  end if;

  v_answer := jsonb_build_object('outcome', 'unblocked', 'cidr', b.cidr, 'unblocked_at', b.unblocked_at);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'ip.unblocked', null, null, v_reason,
    jsonb_build_object('cidr', b.cidr, 'blocked_at', b.blocked_at), v_answer));
end $$;

revoke all on function keyctl.unblock_ip from public;
grant execute on function keyctl.unblock_ip to keyctl_operator;
