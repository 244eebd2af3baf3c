-- Gives rows of an inbox whose place (key, time, request id) is taken by another event an id of their own, and answers
-- how many. A request id need not be unique: clients choose theirs, one request can have several records, and nobody
-- may hide requests behind one id. Another event is one where both say something and not the same; an event that
-- comes again, also with more said about it, is none. The new id is made of the content, so that it is the same when
-- the row comes again. By index probes, and in the partitions of these times only: it costs what these rows cost,
-- however large the table is. Only for ingest_take.
create or replace function keyctl.tell_apart(
  p_inbox text, p_stray boolean, p_presented text[], p_target text[], p_first timestamptz, p_last timestamptz
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_told bigint;
begin
  execute format($sql$
    update keyctl.%3$I i set id = i.id || '~' || left(encode(sha256(convert_to(row(i.method, i.endpoint, i.object,
      i.feature, i.status, i.ip_text, i.user_agent, i.bytes, i.latency_ms, i.tokens, i.cost_usd, i.model)::text,
      'UTF8')), 'hex'), 16)
    from (
      select j.ctid as row_id
      from keyctl.%3$I j join unnest($1, $2) k (presented, target) using (presented)
      cross join lateral (
        select e.* from keyctl.%1$I e
        where e.%2$I = k.target and e.ts = j.ts and e.id = j.id and e.ts between $3 and $4 offset 0) e
      where j.request_id is not null and (j.method <> e.method or j.endpoint <> e.endpoint or j.object <> e.object
        or j.feature <> e.feature or j.status <> e.status or j.ip_text <> e.ip_text or j.user_agent <> e.user_agent
        or j.bytes <> e.bytes or j.latency_ms <> e.latency_ms or j.tokens <> e.tokens or j.cost_usd <> e.cost_usd
        or j.model <> e.model)
    ) other
    where i.ctid = other.row_id
  $sql$, case when p_stray then 'stray_events' else 'usage_events' end,
    case when p_stray then 'presented' else 'key_id' end, p_inbox)
  using p_presented, p_target, p_first, p_last;
  get diagnostics v_told = row_count;
  return v_told;
end $$;

revoke all on function keyctl.tell_apart from public;
