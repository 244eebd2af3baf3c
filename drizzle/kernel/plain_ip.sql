-- An address as rules compare it: IPv4 that came dressed as IPv6 (`::ffff:198.51.100.17`, as dual-stack gateways report
-- it) is IPv4 again, else a block of its network would miss it.
create or replace function keyctl.plain_ip(p_ip inet) returns inet
language sql immutable parallel safe as $$
  select case
    when family(p_ip) = 6 and p_ip <<= inet '::ffff:0:0/96' then
      set_masklen(inet '0.0.0.0' + (p_ip - inet '::ffff:0.0.0.0'), greatest(masklen(p_ip) - 96, 0))
    else p_ip
  end
$$;

revoke all on function keyctl.plain_ip from public;
grant execute on function keyctl.plain_ip to keyctl_viewer, keyctl_gateway;
