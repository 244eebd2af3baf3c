-- Every incident with what is true of it now. Clocks count from when it was detected, or reopened: `*_due_at` is the target,
-- `*_done_at` when that phase was done, null while it has to be done (again). `next_clock` is the first phase that is not done, in
-- order, with `next_due_at`; null when none runs. Usable: let in now, or by itself later (a suspension that ends).
create or replace view keyctl.incident_list as
select
  i.incident_id, i.number, i.title, i.type, i.severity, i.state, i.lead, i.opened_at, i.opened_by, i.detected_at, i.closed_at,
  i.reopened_at, i.root_cause, i.lessons, i.playbook ->> 'name' as playbook_name,
  c.acknowledge_due_at, c.acknowledged_at, c.contain_due_at, c.contained_at, c.investigate_due_at, c.investigated_at,
  c.recover_due_at, c.recovered_at, c.review_required, c.reviewed_at,
  case
    when i.state = 'closed' then null
    when c.acknowledged_at is null then 'acknowledge'
    when c.contained_at is null then 'contain'
    when c.investigated_at is null then 'investigate'
    when c.recovered_at is null then 'recover'
    when c.review_required and c.reviewed_at is null then 'review'
  end as next_clock,
  case
    when i.state = 'closed' then null
    when c.acknowledged_at is null then c.acknowledge_due_at
    when c.contained_at is null then c.contain_due_at
    when c.investigated_at is null then c.investigate_due_at
    when c.recovered_at is null then c.recover_due_at
  end as next_due_at,
  k.keys, k.keys_usable, k.keys_dead, a.refused_attempts, a.accepted_attempts, a.last_attempt_at,
  s.next_step, s.steps, s.steps_done, f.follow_ups_open, f.follow_ups_overdue
from keyctl.incidents i
left join keyctl.incident_targets t on t.severity = i.severity
cross join lateral (select coalesce(i.reopened_at, i.detected_at) as since) b
cross join lateral (
  select
    b.since + make_interval(secs => t.acknowledge_seconds) as acknowledge_due_at,
    b.since + make_interval(secs => t.contain_seconds) as contain_due_at,
    b.since + make_interval(secs => t.investigate_seconds) as investigate_due_at,
    b.since + make_interval(secs => t.recover_seconds) as recover_due_at,
    case when keyctl.phase_done(i.acknowledged_at, i.reopened_at) then i.acknowledged_at end as acknowledged_at,
    case when keyctl.phase_done(i.contained_at, i.reopened_at) then i.contained_at end as contained_at,
    case when keyctl.phase_done(i.investigated_at, i.reopened_at) then i.investigated_at end as investigated_at,
    case when keyctl.phase_done(i.recovered_at, i.reopened_at) then i.recovered_at end as recovered_at,
    i.severity in ('critical', 'high') as review_required,
    case when keyctl.phase_done(i.reviewed_at, i.reopened_at) then i.reviewed_at end as reviewed_at
) c
cross join lateral (
  select count(*) as keys, count(*) filter (where u.usable) as keys_usable, count(*) filter (where not u.usable) as keys_dead
  from keyctl.incident_key_list l
  cross join lateral (select l.status in ('active', 'retiring') or l.status = 'suspended' and l.suspended_until is not null as usable) u
  where l.incident_id = i.incident_id
) k
cross join lateral (
  select coalesce(sum(a.requests) filter (where not a.accepted), 0)::bigint as refused_attempts,
    coalesce(sum(a.requests) filter (where a.accepted), 0)::bigint as accepted_attempts, max(a.last_at) as last_attempt_at
  from keyctl.incident_keys l join keyctl.incident_attempts a on a.key_id = l.key_id
  where l.incident_id = i.incident_id
) a
cross join lateral (
  select count(*) as steps, count(*) filter (where d.done) as steps_done,
    (array_agg(p.step ->> 'name' order by p.at) filter (where not d.done and (p.step -> 'required')::boolean))[1] as next_step
  from jsonb_array_elements(i.playbook -> 'steps') with ordinality p (step, at)
  left join keyctl.incident_steps s on s.incident_id = i.incident_id and s.step = p.step ->> 'name'
  cross join lateral (select coalesce(s.state = 'done' or s.state = 'skipped' and s.reason is not null, false) as done) d
) s
cross join lateral (
  select count(*) filter (where f.done_at is null) as follow_ups_open,
    count(*) filter (where f.done_at is null and f.due_on < (statement_timestamp() at time zone 'UTC')::date) as follow_ups_overdue
  from keyctl.incident_follow_ups f where f.incident_id = i.incident_id
) f;
