-- Registers unknown names in one of a run's inboxes that have an accepted event there (status under 400) as keys without a
-- verifier: tracked, revocable, listed as adopted. Their earlier strays become usage. Each gets an audit row
-- key.imported. Answers how many names were settled, by this ingest or by another one at the same moment: at most 500,
-- because the head of the chain is held meanwhile and a revoke must not wait for it (500 take 0.1 s); the caller asks
-- again until it is fewer. A statement of its own before
-- ingest_take, so that the head is free while a batch is filed. In name order: two ingests that adopt the same names
-- cannot deadlock, and the second finds them registered.
create or replace function keyctl.ingest_adopt(p_run uuid, p_lane integer, p_operation uuid, p_context jsonb) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_inbox text;
  v_names text[];
  v_firsts timestamptz[];
  v_name text;
  v_first timestamptz;
  v_id text;
  v_settled integer := 0;
  v_new text[] := '{}';
  k keyctl.api_keys;
begin
  select inbox || '_' || p_lane into v_inbox from keyctl.ingest_runs
  where run_id = p_run and closed_at is null and opened_by = session_user for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such open ingest of yours';
  end if;
  execute format('select array_agg(presented), array_agg(first_at) from (
    select presented, min(ts) as first_at from keyctl.%I where status < 400 group by presented) a', v_inbox)
    into v_names, v_firsts;

  for v_name, v_first in
    select a.name, a.first_at
    from unnest(v_names, v_firsts) a (name, first_at)
    left join keyctl.resolve_presented(v_names) r on r.presented = a.name
    where r.presented is null
      and length(a.name) <= 200
      -- An id or fingerprint that we do not know, and a token with a wrong checksum, are no names.
      and a.name !~ '^(key_[0-9A-Za-z]{12}|sha256:[0-9a-f]{16})$|[*]{4}$'
      -- A name of keys of ours that names no single one stays a stray: a third key would take their events away.
      and not exists (select from keyctl.api_keys n where n.name = a.name)
      and not exists (select from keyctl.api_keys n where n.name = a.name || ' (rotated)')
    order by a.name
    limit 500
  loop
    v_settled := v_settled + 1;
    v_id := 'key_' || keyctl.random_locator();
    insert into keyctl.api_keys (id, external_id, name, status, version, family_id, origin, created_by, activated_at)
    values (v_id, v_name, v_name, 'active', 1, v_id, 'adopted', session_user, least(v_first, clock_timestamp()))
    on conflict (external_id) do nothing;
    if found then
      v_new := v_new || v_id;
    end if;
  end loop;
  if v_new = '{}' then
    return v_settled;
  end if;

  perform keyctl.link_strays(v_new);
  update keyctl.ingest_runs set keys_adopted = keys_adopted + cardinality(v_new) where run_id = p_run;
  for k in select * from keyctl.api_keys where id = any (v_new) order by id loop
    perform keyctl.append_audit(p_operation, p_context, 'key.imported', k.id, k.family_id, null,
      jsonb_build_object('origin', 'adopted', 'external_id', k.external_id), jsonb_build_object('outcome', 'adopted', 'key_id', k.id));
  end loop;
  return v_settled;
end $$;

revoke all on function keyctl.ingest_adopt from public;
grant execute on function keyctl.ingest_adopt to keyctl_operator;
