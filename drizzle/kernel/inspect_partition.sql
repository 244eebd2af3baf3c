-- Whether a prepared table can become a partition of usage_events, and for which weeks: those of its events, whole, from
-- Monday 00:00 UTC. Refuses with everything that is wrong with its form: what is attached is written to with the rights of
-- the kernel (F41), so nothing of anybody else's may run or be allowed there. A name without a schema means keyctl's.
-- p_hold: nobody else can change the table until the statement ends. Outcomes: `fits`, `already_attached`.
create or replace function keyctl.inspect_partition(p_table text, p_hold boolean default false) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $$
declare
  v_path text[];
  v_schema text;
  v_class pg_class;
  v_owner text;
  v_parent constant oid := 'keyctl.usage_events'::regclass;
  v_faults text[] := '{}';
  v_rows bigint;
  v_first timestamptz;
  v_last timestamptz;
  v_long bigint;
  v_stranger text;
  v_from timestamptz;
  v_until timestamptz;
  v_name text;
begin
  begin
    v_path := parse_ident(p_table);
  exception when others then
    v_path := null;
  end;
  if v_path is null or cardinality(v_path) > 2 then
    raise exception using errcode = 'KC422', message = 'a table is named usage_2024 or public.usage_2024';
  end if;
  v_schema := case cardinality(v_path) when 2 then v_path[1] else 'keyctl' end;
  select c.* into v_class from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = v_schema and c.relname = v_path[cardinality(v_path)] and c.relkind in ('r', 'p', 'f', 'v', 'm');
  if not found then
    raise exception using errcode = 'KC404', message = format('no table %s.%s', v_schema, v_path[cardinality(v_path)]);
  end if;
  v_name := v_class.oid::regclass::text;

  if exists (select from pg_inherits i where i.inhrelid = v_class.oid and i.inhparent = v_parent) then
    return (select jsonb_build_object('outcome', 'already_attached', 'name', p.name, 'from', p.from_at, 'until', p.until_at,
        'rows', p.rows, 'bytes', p.bytes)
      from keyctl.usage_partitions p where p.partition = v_class.oid);
  elsif v_class.relkind <> 'r' or v_class.relispartition
    or exists (select from pg_inherits i where v_class.oid in (i.inhrelid, i.inhparent)) then
    raise exception using errcode = 'KC422', message = format('%s is no table of its own', v_name);
  end if;
  v_owner := pg_get_userbyid((select relowner from pg_class where oid = v_parent));
  if v_class.relowner <> v_owner::regrole then
    raise exception using errcode = 'KC403', message = format('%s belongs to %s, and usage to %s: alter table %s owner to %I',
      v_name, pg_get_userbyid(v_class.relowner), v_owner, v_name, v_owner);
  end if;
  if p_hold then
    execute format('lock table %s in access exclusive mode', v_name);
    select c.* into v_class from pg_class c where c.oid = v_class.oid;
  end if;

  v_faults := array(
    select case
        when theirs.attname is null then format('it lacks the column %s', ours.attname)
        when ours.attname is null then format('it has a column of its own, %s', theirs.attname)
        when (theirs.atttypid, theirs.atttypmod, theirs.attcollation) <> (ours.atttypid, ours.atttypmod, ours.attcollation)
          then format('its column %s is %s instead of %s', ours.attname, format_type(theirs.atttypid, theirs.atttypmod),
            format_type(ours.atttypid, ours.atttypmod))
        when theirs.attidentity <> '' or theirs.attgenerated <> '' then format('its column %s is made by the server', ours.attname)
        else format('its column %s has to be not null', ours.attname) end
    from (select * from pg_attribute where attrelid = v_parent and attnum > 0 and not attisdropped) ours
    full join (select * from pg_attribute where attrelid = v_class.oid and attnum > 0 and not attisdropped) theirs
      on theirs.attname = ours.attname
    where theirs.attname is null or ours.attname is null
      or (theirs.atttypid, theirs.atttypmod, theirs.attcollation) <> (ours.atttypid, ours.atttypmod, ours.attcollation)
      or theirs.attidentity <> '' or theirs.attgenerated <> '' or (ours.attnotnull and not theirs.attnotnull)
    order by coalesce(ours.attnum, theirs.attnum + 10000));
  if not exists (
    select from pg_constraint k join pg_index i on i.indexrelid = k.conindid
    where k.conrelid = v_class.oid and k.contype = 'p' and not k.condeferrable and i.indisvalid
      and array(select a.attname::text from unnest(k.conkey) with ordinality c (num, place)
        join pg_attribute a on a.attrelid = v_class.oid and a.attnum = c.num order by c.place) = '{key_id,ts,id}'
  ) then
    v_faults := v_faults || 'it has no primary key (key_id, ts, id)'::text;
  end if;
  if v_class.relpersistence <> 'p' then
    v_faults := v_faults || 'it is not logged, so a crash would empty it'::text;
  end if;
  if exists (select from aclexplode(v_class.relacl) a where a.grantee <> v_class.relowner)
    or exists (select from pg_attribute a where a.attrelid = v_class.oid and a.attacl is not null and not a.attisdropped) then
    v_faults := v_faults || 'others have rights on it: revoke them'::text;
  end if;
  if v_class.relrowsecurity or exists (select from pg_policy p where p.polrelid = v_class.oid)
    or exists (select from pg_rewrite r where r.ev_class = v_class.oid)
    or exists (select from pg_trigger t where t.tgrelid = v_class.oid and not t.tgisinternal) then
    v_faults := v_faults || 'it has triggers, rules or policies'::text;
  end if;
  if exists (
    select from pg_constraint k
    where (k.conrelid = v_class.oid and k.contype not in ('p', 'n')) or (k.confrelid = v_class.oid and k.contype = 'f')
  ) or exists (
    select from pg_index i
    where i.indrelid = v_class.oid and (i.indexprs is not null or i.indpred is not null or (i.indisunique and not i.indisprimary))
  ) then
    v_faults := v_faults || 'it has checks, foreign keys, or indexes that are unique, partial or on expressions'::text;
  end if;
  if v_faults <> '{}' then
    raise exception using errcode = 'KC422', message = format('%s cannot be attached: %s', v_name, array_to_string(v_faults, '; '));
  end if;

  execute format('select count(*), min(ts), max(ts), count(*) filter (where octet_length(endpoint) > 2000) from %s', v_name)
    into v_rows, v_first, v_last, v_long;
  if v_rows = 0 then
    raise exception using errcode = 'KC422', message = format('%s is empty, and its events say which weeks it is for', v_name);
  elsif v_first < '2000-01-01' or v_last > clock_timestamp() + interval '1 day' then
    raise exception using errcode = 'KC422', message = format('%s has events before 2000 or after tomorrow', v_name);
  elsif v_long > 0 then
    raise exception using errcode = 'KC422', message = format('%s has %s endpoints of more than 2,000 bytes', v_name, v_long);
  end if;
  execute format('select e.key_id from (select distinct key_id from %s) e
    where not exists (select from keyctl.api_keys k where k.id = e.key_id) order by 1 limit 1', v_name) into v_stranger;
  if v_stranger is not null then
    raise exception using errcode = 'KC422',
      message = format('%s has events of keys that are not registered here, such as %s', v_name, left(quote_ident(v_stranger), 60));
  end if;
  v_from := date_trunc('week', v_first, 'UTC');
  v_until := date_trunc('week', v_last, 'UTC') + interval '168 hours';
  select p.name into v_stranger from keyctl.usage_partitions p
  where p.parent = 'usage_events' and coalesce(p.from_at, '-infinity') < v_until and coalesce(p.until_at, 'infinity') > v_from
  order by p.from_at limit 1;
  if found then
    raise exception using errcode = 'KC409', message = format('%s is of the weeks from %s until %s, and %s holds some of them', v_name,
      to_char(v_from at time zone 'UTC', 'YYYY-MM-DD'), to_char(v_until at time zone 'UTC', 'YYYY-MM-DD'), v_stranger);
  elsif v_schema <> 'keyctl' and exists (
    select from pg_class c where c.relnamespace = 'keyctl'::regnamespace and c.relname = v_class.relname
  ) then
    raise exception using errcode = 'KC409', message = format('there is a keyctl.%I already: rename %s', v_class.relname, v_name);
  end if;
  return jsonb_build_object('outcome', 'fits', 'name', v_class.relname, 'from', v_from, 'until', v_until, 'rows', v_rows,
    'bytes', pg_total_relation_size(v_class.oid));
end $$;

revoke all on function keyctl.inspect_partition from public;
grant execute on function keyctl.inspect_partition to keyctl_admin;
