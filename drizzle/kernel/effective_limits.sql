-- The limits that hold for a key at a moment, and how much of those it was given they are (percent). A dead key's are 0.
-- In the last week before a planned retirement they step down, so that who overlooked the notice hears of it while there is
-- still something to migrate with: 75 % until 5 days before, 50 % until 3, 25 % until 1, 10 % on the last day; never below
-- 1. What is unlimited (null) stays so: there is nothing to step down from. A key that a rotation replaced keeps its limits.
--   p_live: its status at that moment is active or retiring (status_at)
create or replace function keyctl.effective_limits(
  p_live boolean, p_retire_on timestamptz, p_replaced_by text, p_rpm integer, p_rph integer, p_burst integer,
  p_concurrency integer, p_at timestamptz
) returns table (percent integer, rpm integer, rph integer, burst integer, concurrency integer)
language sql stable parallel safe as $$
  select s.percent,
    case when s.percent = 0 then 0 when p_rpm is not null then greatest(1, (p_rpm::bigint * s.percent / 100)::integer) end,
    case when s.percent = 0 then 0 when p_rph is not null then greatest(1, (p_rph::bigint * s.percent / 100)::integer) end,
    case when s.percent = 0 then 0 when p_burst is not null then greatest(1, (p_burst::bigint * s.percent / 100)::integer) end,
    case when s.percent = 0 then 0
      when p_concurrency is not null then greatest(1, (p_concurrency::bigint * s.percent / 100)::integer) end
  from (
    select case
      when p_live is not true then 0
      when p_retire_on is null or p_replaced_by is not null then 100
      when p_at >= p_retire_on - interval '24 hours' then 10
      when p_at >= p_retire_on - interval '72 hours' then 25
      when p_at >= p_retire_on - interval '120 hours' then 50
      when p_at >= p_retire_on - interval '168 hours' then 75
      else 100
    end as percent
    -- Else the case is written out four times in every plan that this is inlined into: 33 instead of 55 µs a verification.
    offset 0
  ) s
$$;

revoke all on function keyctl.effective_limits from public;
grant execute on function keyctl.effective_limits to keyctl_viewer, keyctl_gateway;
