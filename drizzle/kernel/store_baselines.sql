-- Stores what is usual for some families: rows of (family_id, since, until, form, last_at, expected_requests, facts), computed by the program
-- from the events before `until`. A newer one stays as it is, so that two at once do no harm. No audit row: everything in it can be
-- computed again. Answers how many were stored.
create or replace function keyctl.store_baselines(p_rows jsonb) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_stored integer;
begin
  insert into keyctl.usage_baselines as b (family_id, made_at, since, until, form, last_at, expected_requests, facts)
  select r.family_id, clock_timestamp(), r.since, r.until, r.form, r.last_at, r.expected_requests, r.facts
  from jsonb_to_recordset(p_rows) r (family_id text, since timestamptz, until timestamptz, form integer, last_at timestamptz,
    expected_requests real[], facts jsonb)
  -- Families in one order, so that two at once wait for each other and nothing worse.
  order by r.family_id
  on conflict (family_id) do update set made_at = excluded.made_at, since = excluded.since, until = excluded.until,
    form = excluded.form, last_at = excluded.last_at, expected_requests = excluded.expected_requests, facts = excluded.facts
  where b.until < excluded.until or b.form <> excluded.form;
  get diagnostics v_stored = row_count;
  return v_stored;
end $$;

revoke all on function keyctl.store_baselines from public;
grant execute on function keyctl.store_baselines to keyctl_operator;
