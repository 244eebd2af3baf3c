-- For gateways: appends usage events given as a JSON array (fields as the columns of usage_events; `id` and `ts`
-- required, key_id a known key) and answers how many were new. Makes the weeks they need. Events that come twice
-- count once.
create or replace function keyctl.record_usage(p_events jsonb) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_new bigint;
  v_used jsonb;
begin
  if exists (
    select from jsonb_populate_recordset(null::keyctl.usage_events, p_events) e
    where e.ts is null or e.id is null or e.ts < '2000-01-01' or e.ts > clock_timestamp() + interval '1 day'
       or not exists (select from keyctl.api_keys k where k.id = e.key_id)
  ) then
    raise exception using errcode = 'KC422', message = 'each event needs the id of a known key, an id of its own and a ts between 2000 and tomorrow';
  end if;
  perform keyctl.ensure_partitions(array(
    select distinct (e.ts at time zone 'UTC')::date from jsonb_populate_recordset(null::keyctl.usage_events, p_events) e));
  with added as (
    insert into keyctl.usage_events (ts, key_id, id, key_version, method, endpoint, object, feature, status, ip, ip_text,
      user_agent, bytes, latency_ms, tokens, cost_usd, model, request_id)
    select e.ts, e.key_id, e.id, e.key_version, e.method, e.endpoint, e.object, e.feature, e.status, e.ip, e.ip_text,
      e.user_agent, e.bytes, e.latency_ms, e.tokens, e.cost_usd, e.model, e.request_id
    from jsonb_populate_recordset(null::keyctl.usage_events, p_events) e
    on conflict do nothing
    returning key_id, ts, status
  )
  select count(*), (
    select jsonb_object_agg(key_id, last_at)
    from (select key_id, max(ts) as last_at from added where status is null or status not in (401, 403) group by key_id) m)
    into v_new, v_used
  from added;
  perform keyctl.touch_last_used(v_used);
  return v_new;
end $$;

revoke all on function keyctl.record_usage from public;
grant execute on function keyctl.record_usage to keyctl_gateway;
