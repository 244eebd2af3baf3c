-- Takes rows of an import in; nothing of them counts before import_keys. Answers how many are there. A batch that comes
-- twice counts once, by its lines.
--   p_rows: [{line, key_id, external_id, digest (hex), prefix, owner_email, owner_name, user_id, settings, policy,
--     expires_at, created_at, last_used_at, status, ended_at, end_reason, replaces, replaced_by}]
create or replace function keyctl.import_stage(p_run uuid, p_rows jsonb) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_run keyctl.import_runs := keyctl.import_run(p_run);
  v_added bigint;
begin
  if v_run.planned_at is not null then
    return v_run.staged;
  end if;
  insert into keyctl.import_rows (run_id, line, key_id, external_id, digest, prefix, owner_email, owner_name, user_id,
    settings, policy, expires_at, created_at, last_used_at, status, ended_at, end_reason, replaces, replaced_by, root_line)
  select p_run, r.line, r.key_id, r.external_id, decode(r.digest, 'hex'), r.prefix, lower(r.owner_email), r.owner_name,
    r.user_id, coalesce(r.settings, '{}'), r.policy, r.expires_at, r.created_at, r.last_used_at,
    coalesce(r.status, 'active'), r.ended_at, r.end_reason, r.replaces, r.replaced_by, r.line
  from jsonb_to_recordset(p_rows) r (line bigint, key_id text, external_id text, digest text, prefix text,
    owner_email text, owner_name text, user_id text, settings jsonb, policy text, expires_at timestamptz,
    created_at timestamptz, last_used_at timestamptz, status text, ended_at timestamptz, end_reason text, replaces text,
    replaced_by text)
  on conflict do nothing;
  get diagnostics v_added = row_count;
  update keyctl.import_runs set staged = staged + v_added where run_id = p_run;
  return v_run.staged + v_added;
end $$;

revoke all on function keyctl.import_stage from public;
grant execute on function keyctl.import_stage to keyctl_admin;
