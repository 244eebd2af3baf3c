-- Ends an ingest: drops its inboxes, writes the audit row `db.ingested` with the counts, and answers them. What only the
-- reader saw (source, rejected lines by cause, keys whose tokens stood in it) comes from the reader as p_report and is
-- kept with the counts. Asked again it gives the first answer. What came in of dead keys of incidents is looked at first.
create or replace function keyctl.ingest_close(p_run uuid, p_operation uuid, p_context jsonb, p_report jsonb)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r keyctl.ingest_runs;
  v_watched jsonb;
  v_answer jsonb;
begin
  select * into r from keyctl.ingest_runs where run_id = p_run and opened_by = session_user for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such ingest of yours';
  end if;
  v_answer := keyctl.prior_answer(p_operation, 'db.ingested', null);
  if v_answer is not null then
    return v_answer;
  end if;
  execute format('drop table if exists keyctl.%I, keyctl.%I', r.inbox || '_1', r.inbox || '_2');
  update keyctl.ingest_runs set closed_at = clock_timestamp() where run_id = p_run;
  v_watched := keyctl.watch_incidents(p_operation, p_context);
  v_answer := jsonb_build_object('incidents', v_watched - 'looked', 'events', r.events, 'duplicates', r.duplicates, 'stray', r.stray,
    'keys_adopted', r.keys_adopted, 'first_at', r.first_at, 'last_at', r.last_at) || coalesce(p_report, '{}');
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'db.ingested', null, null, null, '{}', v_answer));
end $$;

revoke all on function keyctl.ingest_close from public;
grant execute on function keyctl.ingest_close to keyctl_operator;
