-- Makes a prepared table (inspect_partition says which fit) a partition of usage_events, for the weeks of its events. It moves to
-- schema keyctl, so that it goes where usage goes. Its hours are queued for the next rollup here: which transaction filed
-- them tells nothing, they were there before. Readers and writers of usage go on; what of its indexes is missing is built.
-- Outcomes: `attached`, `already_attached` (nothing changed). Makers of partitions queue on the installation's one row.
create or replace function keyctl.attach_partition(p_operation uuid, p_context jsonb, p_table text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_found jsonb;
  v_path text[];
  v_name text;
  v_used jsonb;
  v_answer jsonb;
begin
  perform from keyctl.installation for update;
  v_answer := keyctl.prior_answer(p_operation, 'db.partition_attached', null);
  if v_answer is not null then
    return v_answer;
  end if;
  v_found := keyctl.inspect_partition(p_table, true);
  if v_found ->> 'outcome' = 'already_attached' then
    return v_found || jsonb_build_object('audit_seq', null, 'repeated', false);
  end if;
  v_path := parse_ident(p_table);
  if cardinality(v_path) = 2 and v_path[1] <> 'keyctl' then
    execute format('alter table %I.%I set schema keyctl', v_path[1], v_path[2]);
  end if;
  v_name := format('keyctl.%I', v_found ->> 'name');
  execute format('alter table keyctl.usage_events attach partition %s for values from (%L) to (%L)',
    v_name, v_found ->> 'from', v_found ->> 'until');

  execute format('insert into keyctl.usage_touched as q (hour, filed, rolled)
    select date_bin(''1 hour'', ts, ''0001-01-01 00:00:00+00''), count(*), 0 from %s group by 1 order by 1
    on conflict (hour) do update set keys = null, filed = q.filed + excluded.filed, touched_at = excluded.touched_at', v_name);
  execute format('insert into keyctl.incident_watch (key_id, hour)
    select key_id, date_bin(''1 hour'', ts, ''0001-01-01 00:00:00+00'') from %s
    where key_id in (select l.key_id from keyctl.incident_keys l) group by 1, 2 order by 1, 2
    on conflict (key_id, hour) do update set queued_at = excluded.queued_at', v_name);
  execute format('select jsonb_object_agg(u.key_id, u.used) from (
    select key_id, max(ts) as used from %s where status is null or status not in (401, 403) group by key_id) u', v_name) into v_used;
  perform keyctl.touch_last_used(v_used);

  v_answer := v_found || jsonb_build_object('outcome', 'attached');
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'db.partition_attached', null, null, null, jsonb_build_object('table', p_table), v_answer));
end $$;

revoke all on function keyctl.attach_partition from public;
grant execute on function keyctl.attach_partition to keyctl_admin;
