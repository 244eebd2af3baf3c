-- Stores how many families scored what on some days: rows of (day, detector, stratum, tenth_bits, families), added to what is there, and
-- notes that the baselines are fresh until p_until. The row of rollup_state is the guard that two at once share: only the first one since
-- then is taken, so that nothing is counted twice. Scores older than twelve weeks are forgotten. No audit row: everything in it can be
-- computed again. Answers whether it was taken.
create or replace function keyctl.store_scores(p_rows jsonb, p_until timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from keyctl.rollup_state s where s.baselines_at is null or s.baselines_at < p_until for update;
  if not found then
    return false;
  end if;
  insert into keyctl.detection_scores as d (day, detector, stratum, tenth_bits, families)
  select r.day, r.detector, r.stratum, r.tenth_bits, r.families
  from jsonb_to_recordset(p_rows) r (day date, detector text, stratum integer, tenth_bits integer, families bigint)
  order by 1, 2, 3, 4
  on conflict (day, detector, stratum, tenth_bits) do update set families = d.families + excluded.families;
  delete from keyctl.detection_scores d where d.day < (p_until - interval '84 days')::date;
  update keyctl.rollup_state set baselines_at = p_until;
  return true;
end $$;

revoke all on function keyctl.store_scores from public;
grant execute on function keyctl.store_scores to keyctl_operator;
