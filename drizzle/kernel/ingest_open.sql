-- Opens one ingest: two unlogged inbox tables that only the caller may fill (by COPY), owned by the kernel, so that
-- nothing of the caller's runs with the kernel's rights (F41). Two, so that one fills while the other is taken: that is
-- a quarter of the time of an ingest. Answers their name without its end, `_1` and `_2`. Asked again for the same run
-- (after a lost answer, or a killed ingest) it gives the same inboxes; null when that run is closed already: its outcome
-- is ingest_close's to repeat. What a killed ingest left behind is closed after a day, with the audit row that it owes
-- (under its own run's id, by whoever ran into it).
create or replace function keyctl.ingest_open(p_run uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_inbox text := 'inbox_' || replace(p_run::text, '-', '');
  v_left keyctl.ingest_runs;
begin
  for v_left in
    select * from keyctl.ingest_runs
    where closed_at is null and run_id <> p_run and opened_at < clock_timestamp() - interval '1 day'
    order by run_id for update skip locked
  loop
    execute format('drop table if exists keyctl.%I, keyctl.%I', v_left.inbox || '_1', v_left.inbox || '_2');
    update keyctl.ingest_runs set closed_at = clock_timestamp() where run_id = v_left.run_id;
    perform keyctl.append_audit(v_left.run_id, '{}', 'db.ingested', null, null, null,
      jsonb_build_object('left_open_by', v_left.opened_by, 'left_open_at', v_left.opened_at),
      jsonb_build_object('events', v_left.events, 'duplicates', v_left.duplicates, 'stray', v_left.stray,
        'keys_adopted', v_left.keys_adopted, 'first_at', v_left.first_at, 'last_at', v_left.last_at,
        'source', null, 'complete', false, 'rejected_by_cause', '{}'::jsonb, 'exposed', '[]'::jsonb));
  end loop;

  insert into keyctl.ingest_runs (run_id, inbox) values (p_run, v_inbox) on conflict do nothing;
  if found then
    for lane in 1..2 loop
      execute format('create unlogged table keyctl.%I (
        ts timestamptz, presented text, id text, method text, endpoint text, object text, feature text, status smallint,
        ip inet, ip_text text, user_agent text, bytes bigint, latency_ms integer, tokens bigint, cost_usd numeric(14, 6),
        model text, request_id text, key_version integer)', v_inbox || '_' || lane);
      execute format('grant insert on keyctl.%I to %I', v_inbox || '_' || lane, session_user);
    end loop;
  elsif exists (select from keyctl.ingest_runs where run_id = p_run and closed_at is not null) then
    return null;
  end if;
  return v_inbox;
end $$;

revoke all on function keyctl.ingest_open from public;
grant execute on function keyctl.ingest_open to keyctl_operator;
