-- Compares rows of an import that are still planned with the keys there are: `unchanged`, when it is the same key (external
-- id and digest) with the same data; else `conflict`, with its cause. Asked by import_plan about all rows and again by
-- import_keys about those of its batch (p_roots), because other imports go on meanwhile.
-- A key that was changed here since its import is ahead of the file, and `unchanged` all the same, unless it is dead in the
-- file and alive here: that is somebody's revocation, which must not be lost.
create or replace function keyctl.import_settle(p_run uuid, p_roots bigint[] default null) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
  v_settled integer;
begin
  with asked as (
    select * from keyctl.import_rows
    where run_id = p_run and state = 'planned' and (p_roots is null or root_line = any (p_roots))
  ), candidate as (
    select a.line, k.id, 1 as rank from asked a join keyctl.api_keys k on k.external_id = a.external_id
    union all
    select a.line, k.id, 2 from asked a join keyctl.api_keys k on k.digest = a.digest
    union all
    select a.line, k.id, 3 from asked a join keyctl.api_keys k on k.id = a.key_id
    union all
    -- A key that was issued here has no digest; its fingerprint says that it is the same token.
    select a.line, k.id, 4 from asked a
    join keyctl.api_keys k on k.fingerprint = 'sha256:' || left(encode(a.digest, 'hex'), 16) and k.verifier is not null
  ), pair as (
    select distinct on (line) line, id from candidate order by line, rank
  ), judged as (
    select p.line, k.id, case
      when k.origin = 'issued' then 'known_key'
      when k.origin = 'adopted' then 'adopted'
      when k.external_id is distinct from a.external_id then 'other_external_id'
      when k.digest is distinct from a.digest then 'other_token'
      when keyctl.import_fate(a.status, a.ended_at, false, v_now) in ('revoked', 'replaced')
        and not (k.status in ('revoked', 'replaced') or coalesce(k.usable_until <= v_now, false)) then 'dead_in_file'
      when exists (select from keyctl.audit_log l where l.key_id = k.id and l.action not in ('key.imported', 'key.exposed'))
        then null
      when k.status in ('revoked', 'replaced')
          and keyctl.import_fate(a.status, a.ended_at, true, v_now) not in ('revoked', 'replaced')
        or a.owner_email <> o.email or a.owner_email is not null and o.email is null
        or a.user_id <> o.user_id or a.user_id is not null and o.user_id is null
        or jsonb_populate_record(k, jsonb_strip_nulls(a.settings || jsonb_build_object('policy', a.policy,
          'expires_at', a.expires_at, 'prefix', a.prefix))) is distinct from k then 'other_data'
    end as cause
    from pair p
    join asked a using (line)
    join keyctl.api_keys k on k.id = p.id
    left join keyctl.owners o on o.owner_id = k.owner_id
  )
  update keyctl.import_rows r
  set state = case when j.cause is null then 'unchanged' else 'conflict' end, cause = j.cause, found_key_id = j.id
  from judged j
  where r.run_id = p_run and r.line = j.line;
  get diagnostics v_settled = row_count;
  return v_settled;
end $$;

revoke all on function keyctl.import_settle from public;
