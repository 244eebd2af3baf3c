-- Makes families of the planned rows of an import: who comes before and after whom, by `replaces` and `replaced_by`,
-- whichever of the two names it and in whichever order they came. What is no chain (two successors, a circle) and what
-- cannot live in one family (two keys in their grace) is rejected, all of it. A name that fits no row of this import
-- links nothing.
create or replace function keyctl.import_chains(p_run uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  with recursive row as (
    select * from keyctl.import_rows where run_id = p_run and state = 'planned'
  ), edge as (
    select o.line as older, r.line as newer from row r join row o on o.external_id = r.replaces
    union
    select r.line, n.line from row r join row n on n.external_id = r.replaced_by
  ), tie as (
    select older as line, newer as other from edge union all select newer, older from edge
  ), broken (line) as (
    select older from edge group by older having count(*) > 1
    union
    select newer from edge group by newer having count(*) > 1
    union
    select t.other from broken b join tie t using (line)
  ), linked as (
    select e.line, min(e.older) as older, min(e.newer) as newer
    from (select newer as line, older, null::bigint as newer from edge union all select older, null, newer from edge) e
    group by e.line
  )
  update keyctl.import_rows r
  set before_line = l.older, after_line = l.newer,
    state = case when b.line is null then r.state else 'rejected' end,
    cause = case when b.line is not null then 'broken_chain' end
  from linked l left join broken b using (line)
  where r.run_id = p_run and r.line = l.line;

  with recursive walk (line, root_line, version, next) as (
    select line, line, 1, after_line from keyctl.import_rows
    where run_id = p_run and state = 'planned' and before_line is null and after_line is not null
    union all
    select r.line, w.root_line, w.version + 1, r.after_line
    from walk w join keyctl.import_rows r on r.run_id = p_run and r.line = w.next
  )
  update keyctl.import_rows r set root_line = w.root_line, version = w.version
  from walk w where r.run_id = p_run and r.line = w.line and w.version > 1;
  -- What has a row before it and was not reached from a first one stands in a circle.
  update keyctl.import_rows set state = 'rejected', cause = 'broken_chain'
  where run_id = p_run and state = 'planned' and before_line is not null and version = 1;

  with fate as (
    select root_line, after_line, status, keyctl.import_fate(status, ended_at, after_line is not null, v_now) as fate
    from keyctl.import_rows where run_id = p_run and state = 'planned'
  ), bad as (
    select root_line, case when bool_or(fate = 'retiring' and after_line is null) then 'no_successor' else 'too_many_usable' end as cause
    from fate
    group by root_line
    having bool_or(fate = 'retiring' and after_line is null)
      or count(*) filter (where fate in ('retiring', 'suspended') and after_line is not null) > 1
  )
  update keyctl.import_rows r set state = 'rejected', cause = bad.cause
  from bad where r.run_id = p_run and r.state = 'planned' and r.root_line = bad.root_line;
end $$;

revoke all on function keyctl.import_chains from public;
