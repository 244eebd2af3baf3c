-- Drops the usage that is older than p_keep: whole partitions of usage_events and stray_events that hold nothing younger, and
-- the rollups of those times. Never audit. A partition that reaches into the time to be kept stays whole. At least 35 days are
-- kept, since budgets are summed over the running month. Outcomes: `dropped`, `nothing_to_drop` (nothing changed). Makers of
-- partitions and other droppers queue on the installation's one row.
create or replace function keyctl.drop_usage_before(p_operation uuid, p_context jsonb, p_keep interval) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_before timestamptz := clock_timestamp() - p_keep;
  v_hours_before timestamptz;
  v_dropped jsonb := '[]';
  v_hours bigint;
  v_answer jsonb;
  v_partition record;
begin
  if p_keep is null or p_keep < interval '35 days' then
    raise exception using errcode = 'KC422', message = 'usage is kept for at least 35 days: budgets are summed over the running month';
  end if;
  perform from keyctl.installation for update;
  v_answer := keyctl.prior_answer(p_operation, 'db.retention_applied', null);
  if v_answer is not null then
    return v_answer;
  end if;

  for v_partition in
    select * from keyctl.usage_partitions p where p.until_at <= v_before order by p.parent desc, p.until_at, p.name
  loop
    v_dropped := v_dropped || jsonb_build_object('name', v_partition.name, 'from', v_partition.from_at,
      'until', v_partition.until_at, 'rows', v_partition.rows, 'bytes', v_partition.bytes);
    execute format('drop table %s', v_partition.partition);
  end loop;
  -- Rollups whose events are gone, also since an earlier run that was not ours.
  select case when bool_or(p.from_at is null) then '-infinity' else least(min(p.from_at), date_trunc('week', v_before, 'UTC')) end
    into v_hours_before
  from keyctl.usage_partitions p where p.parent = 'usage_events';
  v_hours_before := coalesce(v_hours_before, date_trunc('week', v_before, 'UTC'));
  delete from keyctl.usage_hours h where h.hour < v_hours_before;
  get diagnostics v_hours = row_count;
  delete from keyctl.usage_touched t where t.hour < v_hours_before;

  if v_dropped = '[]' and v_hours = 0 then
    return jsonb_build_object('outcome', 'nothing_to_drop', 'before', v_before, 'partitions', v_dropped, 'hours', 0,
      'audit_seq', null, 'repeated', false);
  end if;
  v_answer := jsonb_build_object('outcome', 'dropped', 'before', v_before, 'partitions', v_dropped, 'hours', v_hours);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'db.retention_applied', null, null, null,
    jsonb_build_object('keep_seconds', extract(epoch from p_keep)::bigint), v_answer));
end $$;

revoke all on function keyctl.drop_usage_before from public;
grant execute on function keyctl.drop_usage_before to keyctl_admin;
