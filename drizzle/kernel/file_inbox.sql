-- Files the rows of an inbox whose presented text is listed, into usage_events (target: the key's id) or stray_events
-- (target: the text itself), and answers how many were new. They go in in the order of the primary key, so that two
-- ingests of the same events wait for each other and never in a circle. p_all_new is a guess: where it is right, a
-- plain insert saves a fifth of the time; where it is wrong, the first row that is there already ends it, and the rows
-- go in again one by one. Only for ingest_take.
create or replace function keyctl.file_inbox(
  p_inbox text, p_stray boolean, p_presented text[], p_target text[], p_version integer[], p_all_new boolean
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_filed bigint;
  v_insert text := format($sql$
    insert into keyctl.%I (ts, %I, id, key_version, method, endpoint, object, feature, status, ip, ip_text,
      user_agent, bytes, latency_ms, tokens, cost_usd, model, request_id)
    select i.ts, k.target, i.id, coalesce(i.key_version, k.version), i.method, i.endpoint, i.object, i.feature, i.status,
      i.ip, i.ip_text, i.user_agent, i.bytes, i.latency_ms, i.tokens, i.cost_usd, i.model, i.request_id
    from keyctl.%I i join unnest($1, $2, $3) k (presented, target, version) using (presented)
    order by k.target, i.ts, i.id
  $sql$, case when p_stray then 'stray_events' else 'usage_events' end,
    case when p_stray then 'presented' else 'key_id' end, p_inbox);
begin
  if p_all_new then
    begin
      execute v_insert using p_presented, p_target, p_version;
      get diagnostics v_filed = row_count;
      return v_filed;
    exception when unique_violation then null;
    end;
  end if;
  execute v_insert || ' on conflict do nothing' using p_presented, p_target, p_version;
  get diagnostics v_filed = row_count;
  return v_filed;
end $$;

revoke all on function keyctl.file_inbox from public;
