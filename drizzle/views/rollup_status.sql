-- How far the rollups reach: of every hour before `rolled_until` the row in usage_hours is exact as of `collected_at`. Null: there
-- was no rollup yet.
create or replace view keyctl.rollup_status as
select
  s.collected_at,
  case when s.collected_at is not null then
    least(date_trunc('hour', s.collected_at, 'UTC'), (select min(t.hour) from keyctl.usage_touched t)) end as rolled_until,
  (select count(*) from keyctl.usage_touched) as queued_hours,
  s.baselines_at
from keyctl.rollup_state s;
