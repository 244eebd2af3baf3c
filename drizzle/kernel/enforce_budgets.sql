-- What the month's use asks for, for up to p_limit families after p_after in id order: keys with auto_suspend whose budget or
-- quota is used up are suspended until the next month (UTC; `decide` refuses them already, this says so in the record), and
-- thresholds of budget_alerts that were crossed are raised, once per family, month and threshold. Families that another
-- statement holds are left for the next run. Answers {suspended: [{key_id, until, reason}], alerts: [{key_id, family_id,
-- percents, kind, used, allowed}], next}: `next` is the p_after to go on with, null at the end. The same operation again does
-- what is left.
create or replace function keyctl.enforce_budgets(p_operation uuid, p_context jsonb, p_after text default '', p_limit integer default 200)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_now timestamptz := clock_timestamp();
  v_month timestamptz := date_trunc('month', v_now, 'UTC');
  v_families text[];
  v_next text;
  v_uses jsonb;
  v_rows jsonb := '[]';
  v_suspended jsonb := '[]';
  v_alerts jsonb := '[]';
  v_raised integer[];
  v_used record;
  v_reason text;
  k keyctl.api_keys;
begin
  v_families := array(
    select distinct a.family_id from keyctl.api_keys a
    where a.family_id > p_after and a.status not in ('pending', 'revoked', 'replaced')
      and (a.auto_suspend or cardinality(a.budget_alerts) > 0)
      and num_nonnulls(a.budget_usd, a.quota_requests, a.quota_tokens) > 0
    order by 1 limit p_limit);
  v_next := case when cardinality(v_families) = p_limit then v_families[p_limit] end;
  -- Summed before anything is locked: revoking one of these keys must not wait for it.
  select coalesce(jsonb_object_agg(f.family_id, to_jsonb(f)), '{}') into v_uses
  from (
    select o.family_id, sum(m.requests) as requests, sum(m.tokens) as tokens, sum(m.cost_usd) as cost_usd
    from keyctl.month_use(array(select a.id from keyctl.api_keys a where a.family_id = any (v_families)), v_now) m
    join keyctl.api_keys o on o.id = m.key_id group by 1
  ) f;

  v_families := keyctl.lock_families(v_families, true);
  for k in
    select a.* from keyctl.api_keys a
    where a.family_id = any (v_families)
      and keyctl.status_at(a.status, a.activated_at, a.suspended_at, a.suspended_from, a.suspended_until, a.usable_until,
        a.retire_on, a.replaced_at, a.replaced_by, a.expires_at, a.revoked_at, v_now) in ('active', 'retiring')
    order by a.family_id, a.version desc
  loop
    -- Of budget and quotas the one that is used up most.
    select l.kind, l.used, l.allowed, l.used / l.allowed * 100 as percent into v_used
    from (values ('budget', coalesce((v_uses #>> array[k.family_id, 'cost_usd'])::numeric, 0), k.budget_usd),
      ('quota_requests', coalesce((v_uses #>> array[k.family_id, 'requests'])::numeric, 0), k.quota_requests::numeric),
      ('quota_tokens', coalesce((v_uses #>> array[k.family_id, 'tokens'])::numeric, 0), k.quota_tokens::numeric)) l (kind, used, allowed)
    where l.allowed is not null order by 4 desc limit 1;
    continue when not found;
    v_reason := format('%s of %s: %s of %s%s',
      case when v_used.percent >= 100 then 'used up the' else 'in the' end || case v_used.kind when 'budget' then ' budget'
        when 'quota_requests' then ' quota of requests' else ' quota of tokens' end,
      to_char(v_month at time zone 'UTC', 'YYYY-MM'), trim_scale(v_used.used), trim_scale(v_used.allowed),
      case v_used.kind when 'budget' then ' USD' else '' end);

    if cardinality(k.budget_alerts) > 0
       and keyctl.prior_answer(p_operation, 'key.budget_alerted', k.id) is null then
      with raised as (
        insert into keyctl.budget_alerts (family_id, month, percent, key_id, kind, used, allowed)
        select distinct k.family_id, (v_month at time zone 'UTC')::date, p, k.id, v_used.kind, v_used.used, v_used.allowed
        from unnest(k.budget_alerts) p where p <= v_used.percent
        on conflict do nothing returning percent
      )
      select array_agg(r.percent order by r.percent) into v_raised from raised r;
      if v_raised is not null then
        v_alerts := v_alerts || jsonb_build_object('key_id', k.id, 'family_id', k.family_id, 'name', k.name, 'percents', v_raised,
          'kind', v_used.kind, 'used', v_used.used, 'allowed', v_used.allowed);
        v_rows := v_rows || jsonb_build_object('action', 'key.budget_alerted', 'key_id', k.id, 'family_id', k.family_id,
          'reason', null, 'details', jsonb_build_object('percents', v_raised, 'kind', v_used.kind, 'used', v_used.used,
            'allowed', v_used.allowed, 'month', to_char(v_month at time zone 'UTC', 'YYYY-MM')),
          'answer', v_alerts -> -1 || '{"outcome": "alerted"}');
      end if;
    end if;

    if k.auto_suspend and v_used.percent >= 100 and keyctl.prior_answer(p_operation, 'key.suspended', k.id) is null then
      update keyctl.api_keys a
      set status = 'suspended', suspended_at = v_now, suspended_from = coalesce(k.suspended_from, k.status),
        suspended_until = v_month + interval '1 month', suspension_reason = v_reason
      where a.id = k.id;
      v_suspended := v_suspended || jsonb_build_object('key_id', k.id, 'name', k.name, 'suspended_until', v_month + interval '1 month',
        'reason', v_reason);
      v_rows := v_rows || jsonb_build_object('action', 'key.suspended', 'key_id', k.id, 'family_id', k.family_id, 'reason', v_reason,
        'details', jsonb_build_object('auto_suspend', true, 'kind', v_used.kind, 'used', v_used.used, 'allowed', v_used.allowed),
        'answer', jsonb_build_object('outcome', 'suspended', 'key_id', k.id, 'suspended_at', v_now,
          'suspended_until', v_month + interval '1 month', 'reason', v_reason));
    end if;
  end loop;

  if v_rows <> '[]' then
    perform keyctl.append_audit_rows(p_operation, p_context, v_rows);
  end if;
  return jsonb_build_object('suspended', v_suspended, 'alerts', v_alerts,
    'next', v_next);
end $$;

revoke all on function keyctl.enforce_budgets from public;
grant execute on function keyctl.enforce_budgets to keyctl_operator;
