-- Makes usage of the stray events that were presented under the external ids of keys that are registered now.
create or replace function keyctl.link_strays(p_key_ids text[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with linked as (
    delete from keyctl.stray_events s using keyctl.api_keys n
    where n.id = any (p_key_ids) and s.presented = n.external_id
    returning n.id as new_key_id, s.*
  )
  insert into keyctl.usage_events (ts, key_id, id, key_version, method, endpoint, object, feature, status, ip, ip_text,
    user_agent, bytes, latency_ms, tokens, cost_usd, model, request_id)
  select l.ts, l.new_key_id, l.id, coalesce(l.key_version, 1), l.method, l.endpoint, l.object, l.feature, l.status, l.ip,
    l.ip_text, l.user_agent, l.bytes, l.latency_ms, l.tokens, l.cost_usd, l.model, l.request_id
  from linked l
  order by l.new_key_id, l.ts, l.id
  on conflict do nothing
$$;

revoke all on function keyctl.link_strays from public;
