-- Takes what lies in one of a run's inboxes: finds each event's key (by id, external id, fingerprint or name), files the rest
-- as strays, and empties the inbox, all in this one statement: killed anywhere, either the whole batch counts or
-- none of it, and a batch that comes again adds nothing (primary key). Answers the run's counts so far. Without JIT:
-- compiling plans over a few hundred partitions takes seconds, running them milliseconds.
create or replace function keyctl.ingest_take(p_run uuid, p_lane integer) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_run keyctl.ingest_runs;
  v_inbox text;
  v_names text[];
  v_counts bigint[];
  v_uses timestamptz[];
  v_days date[];
  v_first timestamptz;
  v_last timestamptz;
  v_group record;
  v_filed bigint;
  v_events bigint := 0;
  v_stray bigint := 0;
  v_duplicates bigint := 0;
  v_used jsonb;
  v_answer jsonb;
begin
  select * into v_run from keyctl.ingest_runs
  where run_id = p_run and closed_at is null and opened_by = session_user for update;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such open ingest of yours';
  end if;
  v_inbox := v_run.inbox || '_' || p_lane;
  execute format($sql$
    with days as materialized (
      select presented, (ts at time zone 'UTC')::date as day, count(*) as n, min(ts) as first, max(ts) as last,
        max(ts) filter (where status is null or status not in (401, 403)) as used
      from keyctl.%I group by 1, 2
    ), names as (
      select presented, sum(n) as n, min(first) as first, max(last) as last, max(used) as used from days group by 1
    )
    select array_agg(presented), array_agg(n), array_agg(used), min(first), max(last),
      array(select distinct day from days)
    from names
  $sql$, v_inbox) into v_names, v_counts, v_uses, v_first, v_last, v_days;

  if v_names is not null then
    perform keyctl.ensure_partitions(v_days);
    for v_group in
      select m.stray, sum(m.n) as come, array_agg(m.presented) as presented, array_agg(m.target) as target,
        array_agg(m.version) as version
      from (
        select r.key_id is null as stray, a.n, a.presented, coalesce(r.key_id, a.presented) as target, r.version
        from unnest(v_names, v_counts) a (presented, n)
        left join keyctl.resolve_presented(v_names) r on r.presented = a.presented
      ) m
      group by m.stray
      order by m.stray
    loop
      v_filed := keyctl.file_inbox(v_inbox, v_group.stray, v_group.presented, v_group.target, v_group.version,
        v_run.duplicates = 0);
      if v_filed < v_group.come and keyctl.tell_apart(v_inbox, v_group.stray, v_group.presented, v_group.target,
        v_first, v_last) > 0 then
        v_filed := v_filed
          + keyctl.file_inbox(v_inbox, v_group.stray, v_group.presented, v_group.target, v_group.version, false);
      end if;
      v_duplicates := v_duplicates + v_group.come - v_filed;
      if v_group.stray then
        v_stray := v_filed;
      else
        v_events := v_filed;
        perform keyctl.watch_inbox(v_inbox, v_group.presented, v_group.target);
        select jsonb_object_agg(key_id, used) into v_used from (
          select k.key_id, max(a.used) as used
          from unnest(v_names, v_uses) a (presented, used)
          join unnest(v_group.presented, v_group.target) k (presented, key_id) using (presented)
          where a.used is not null group by k.key_id) u;
      end if;
    end loop;
    execute format('truncate keyctl.%I', v_inbox);
    perform keyctl.touch_last_used(v_used);
  end if;

  update keyctl.ingest_runs r set
    events = r.events + v_events,
    stray = r.stray + v_stray,
    duplicates = r.duplicates + v_duplicates,
    first_at = least(r.first_at, v_first),
    last_at = greatest(r.last_at, v_last)
  where run_id = p_run
  returning jsonb_build_object('events', r.events, 'duplicates', r.duplicates, 'stray', r.stray,
    'keys_adopted', r.keys_adopted, 'first_at', r.first_at, 'last_at', r.last_at) into v_answer;
  return v_answer;
end $$;

revoke all on function keyctl.ingest_take from public;
grant execute on function keyctl.ingest_take to keyctl_operator;
