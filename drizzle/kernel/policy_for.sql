-- What policy and environment ask of a key, together: of two spans the shorter one counts; null asks nothing. A key that
-- names neither follows `standard`. Whether the previous key is kept is said by the policy before the environment.
-- Without a search_path of its own (it names nothing but its table and what pg_catalog has), so that it becomes part of
-- the query around it: called for each key it cost 50 µs, three times in a rotation.
create or replace function keyctl.policy_for(p_policy text, p_environment text)
returns table (
  rotate_every_seconds bigint, grace_seconds bigint, keep_previous boolean, review_every_seconds bigint,
  expires_within_seconds bigint
)
language sql stable as $$
  select min(p.rotate_every_seconds), min(p.grace_seconds),
    coalesce((array_agg(p.keep_previous order by p.applies_to desc) filter (where p.keep_previous is not null))[1], false),
    min(p.review_every_seconds), min(p.expires_within_seconds)
  from keyctl.policies p
  where p.applies_to = 'policy' and p.name = coalesce(p_policy, case when p_environment is null then 'standard' end)
     or p.applies_to = 'environment' and p.name = p_environment
$$;

revoke all on function keyctl.policy_for from public;
grant execute on function keyctl.policy_for to keyctl_viewer;
