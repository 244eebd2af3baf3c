-- What keeps an incident from being closed, in the order in which it should be seen to: [{kind, key_id | step}]. Kinds: usable_key,
-- open_step and unexplained_skip (of required steps), review_missing (critical and high). Empty: nothing.
create or replace function keyctl.close_blockers(p_incident_id text) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(b.blocker order by b.kind, b.at), '[]')
  from (
    select 1 as kind, u.at, jsonb_build_object('kind', 'usable_key', 'key_id', u.key_id, 'step', null) as blocker
    from unnest(keyctl.usable_linked(p_incident_id)) with ordinality u (key_id, at)
    union all
    select 2, p.at, jsonb_build_object('kind', case when s.state = 'skipped' then 'unexplained_skip' else 'open_step' end,
      'key_id', null, 'step', p.step ->> 'name')
    from keyctl.incidents i
    cross join jsonb_array_elements(i.playbook -> 'steps') with ordinality p (step, at)
    left join keyctl.incident_steps s on s.incident_id = i.incident_id and s.step = p.step ->> 'name'
    -- The step that closes the incident is under way while it closes it.
    where i.incident_id = p_incident_id and (p.step -> 'required')::boolean and p.step ->> 'name' <> 'close'
      and s.state is distinct from 'done' and not (s.state is not distinct from 'skipped' and s.reason is not null)
    union all
    select 3, 1, jsonb_build_object('kind', 'review_missing', 'key_id', null, 'step', null)
    from keyctl.incidents i
    where i.incident_id = p_incident_id and i.severity in ('critical', 'high') and not keyctl.phase_done(i.reviewed_at, i.reopened_at)
  ) b
$$;

revoke all on function keyctl.close_blockers from public;
grant execute on function keyctl.close_blockers to keyctl_viewer;
