-- Who may read what; applied with the kernel in every migration run, so that a new column is covered at once.
-- Changes are made only by the kernel's functions, each granted in its own file: no role may write a table,
-- but the gateway, which appends usage, and an ingest, which may insert into its own inbox.
revoke all on schema keyctl from public;
revoke all on all tables in schema keyctl from public;
grant usage on schema keyctl to keyctl_viewer, keyctl_operator, keyctl_admin, keyctl_auditor, keyctl_gateway;

do $$
declare
  edge text[];
begin
  -- Granting what is granted already would need the admin option for nothing on managed servers.
  foreach edge slice 1 in array array[
    ['keyctl_viewer', 'keyctl_operator'], ['keyctl_operator', 'keyctl_admin'], ['keyctl_viewer', 'keyctl_auditor']
  ] loop
    if not exists (
      select from pg_auth_members m
      where m.roleid = edge[1]::regrole and m.member = edge[2]::regrole
    ) then
      begin
        execute format('grant %I to %I', edge[1], edge[2]);
      exception when unique_violation then null; -- a migration of a sister database was first
      end;
    end if;
  end loop;
end $$;

-- Salt, verifier and digest are read by the kernel alone; every other column of a key is for viewers.
do $$
declare
  readable text;
begin
  select string_agg(quote_ident(attname), ', ' order by attnum) into readable
  from pg_attribute
  where attrelid = 'keyctl.api_keys'::regclass and attnum > 0 and not attisdropped
    and attname not in ('salt', 'verifier', 'digest');
  execute format('grant select (%s) on keyctl.api_keys to keyctl_viewer', readable);
end $$;

grant select on keyctl.keys, keyctl.owners, keyctl.audit_log, keyctl.audit_head, keyctl.installation, keyctl.ip_blocks,
  keyctl.usage_events, keyctl.stray_events, keyctl.ingest_runs, keyctl.policies, keyctl.rotations, keyctl.rotation_plan,
  keyctl.rotation_list, keyctl.review_plan to keyctl_viewer;
grant select on keyctl.usage_hours, keyctl.usage_touched, keyctl.rollup_state, keyctl.rollup_status, keyctl.budget_alerts,
  keyctl.usage_baselines, keyctl.detection_scores, keyctl.usage_partitions to keyctl_viewer;
grant select on keyctl.findings, keyctl.finding_list, keyctl.finding_suppressions, keyctl.response_rules, keyctl.responses,
  keyctl.detection_state to keyctl_viewer;
grant select on keyctl.incidents, keyctl.incident_keys, keyctl.incident_links, keyctl.incident_steps, keyctl.incident_follow_ups,
  keyctl.incident_corrections, keyctl.incident_attempts, keyctl.incident_targets, keyctl.incident_list,
  keyctl.incident_key_list, keyctl.incident_timeline to keyctl_viewer;
grant select on keyctl.audit_events, keyctl.key_lifecycle, keyctl.subkey_names to keyctl_viewer;
-- Every column but filed_xid: which transaction filed an event is not the gateway's to say.
revoke insert on keyctl.usage_events from keyctl_gateway;
grant insert (ts, key_id, id, key_version, method, endpoint, object, feature, status, ip, ip_text, user_agent, bytes,
  latency_ms, tokens, cost_usd, model, request_id) on keyctl.usage_events to keyctl_gateway;

-- What was applied is no secret, and `db status` tells a viewer what is pending.
grant usage on schema keyctl_migrations to keyctl_viewer;
grant select on keyctl_migrations.tables, keyctl_migrations.kernel to keyctl_viewer;
