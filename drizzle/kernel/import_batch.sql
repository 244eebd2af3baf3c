-- Makes the keys of the planned rows of the given families of an import; answers their audit rows, in the order of
-- families. In one statement, in the order of external ids as ingest_adopt does, so that the two cannot deadlock.
-- The audit row says what came: of a key's sixty columns an import fills a dozen, and key_record of all of them would be
-- most of the chain and a quarter of the time.
create or replace function keyctl.import_batch(p_run uuid, p_roots bigint[]) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
  v_blank constant keyctl.api_keys := jsonb_populate_record(null::keyctl.api_keys, '{"workspace_access": [], "scopes": [],
    "models": [], "features": [], "used_by": [], "allowed_ips": [], "budget_alerts": [], "delivered_to": [],
    "auto_suspend": false, "decoy": false, "on_expiry": "end"}');
  v_rows jsonb;
begin
  with asked as (
    select i.*, w.owner_id, f.key_id as family_id, b.key_id as before_id, a.key_id as after_id,
      coalesce(least(i.created_at, v_now), v_now) as born_at, least(coalesce(i.ended_at, v_now), v_now) as over_at,
      keyctl.import_fate(i.status, i.ended_at, i.after_line is not null, v_now) as fate
    from keyctl.import_rows i
    join keyctl.register_owners(p_run, p_roots) w using (line)
    join keyctl.import_rows f on f.run_id = p_run and f.line = i.root_line
    left join keyctl.import_rows b on b.run_id = p_run and b.line = i.before_line
    left join keyctl.import_rows a on a.run_id = p_run and a.line = i.after_line
    where i.run_id = p_run
  ), made as (
    insert into keyctl.api_keys (id, external_id, digest, fingerprint, name, prefix, status, version, family_id, replaces,
      replaced_by, owner_id, origin, workspace_id, workspace_access, scopes, level, models, features, environment, used_by,
      description, justification, allowed_ips, rpm, rph, burst, concurrency, quota_requests, quota_tokens, budget_usd,
      policy, created_at, created_by, activated_at, expires_at, last_used_at, usable_until, replaced_at, revoked_at,
      revocation_code, revocation_reason, suspended_at, suspended_from, suspension_reason)
    select a.key_id, a.external_id, a.digest, 'sha256:' || left(encode(a.digest, 'hex'), 16), n.name, a.prefix, a.fate,
      a.version, a.family_id, a.before_id, a.after_id, a.owner_id, 'imported', n.workspace_id, n.workspace_access,
      n.scopes, n.level, n.models, n.features, n.environment, n.used_by, n.description, n.justification, n.allowed_ips,
      n.rpm, n.rph, n.burst, n.concurrency, n.quota_requests, n.quota_tokens, n.budget_usd, a.policy, a.born_at,
      session_user, a.born_at, a.expires_at, case when a.last_used_at is not null then least(a.last_used_at, v_now) end,
      case a.fate when 'replaced' then a.over_at when 'retiring' then a.ended_at end,
      case when a.fate in ('replaced', 'retiring') or a.fate = 'suspended' and a.after_id is not null then a.over_at end,
      case a.fate when 'revoked' then a.over_at end,
      case a.fate when 'revoked' then 'other' end,
      case when a.fate = 'revoked' then coalesce(a.end_reason, 'imported as revoked, without a reason')
        when a.fate in ('replaced', 'retiring') then a.end_reason end,
      case a.fate when 'suspended' then v_now end,
      case a.fate when 'suspended' then case when a.after_id is null then 'active' else 'retiring' end end,
      case a.fate when 'suspended' then coalesce(a.end_reason, 'imported as suspended, without a reason') end
    from asked a
    cross join lateral keyctl.with_settings(v_blank, a.settings) n
    order by a.external_id, a.line
    returning id, family_id, version, status, replaces, replaced_by, fingerprint, owner_id, policy, created_at, expires_at,
      usable_until, revoked_at, revocation_reason, suspension_reason, prefix, external_id
  )
  select jsonb_agg(jsonb_build_object('action', 'key.imported', 'key_id', m.id, 'family_id', m.family_id,
      'details', jsonb_build_object('key', a.settings || jsonb_strip_nulls(to_jsonb(m)), 'origin', 'imported'),
      'answer', jsonb_build_object('outcome', 'imported', 'key_id', m.id, 'status', m.status))
    order by m.family_id, m.version)
  into v_rows
  from made m join asked a on a.key_id = m.id;
  return coalesce(v_rows, '[]');
end $$;

revoke all on function keyctl.import_batch from public;
