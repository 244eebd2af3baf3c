-- Makes a login a member of one of keyctl's groups, and puts `keyctl` behind its search_path in this database, so that
-- the SQL of runbooks runs unqualified; a search_path that somebody set is left as it is. Outcomes: `granted`,
-- `already_granted` (nothing changed). `search_path` in the answer: `set`, `already`, `own` (left alone), `refused`
-- (the owner of the kernel may not change that login). Which groups include which is written in drizzle/grants.sql.
create or replace function keyctl.grant_role(
  p_operation uuid, p_context jsonb, p_user text, p_role text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_user pg_catalog.pg_roles;
  v_path text;
  v_path_outcome text := 'own';
  v_granted boolean := false;
  v_answer jsonb;
begin
  -- One at a time: two grants to one role at once end in "tuple concurrently updated".
  perform from keyctl.installation for update;
  v_answer := keyctl.prior_answer(p_operation, 'db.role_granted', null);
  if v_answer is not null then
    return v_answer;
  end if;
  if p_role is null or p_role not in ('keyctl_viewer', 'keyctl_operator', 'keyctl_admin', 'keyctl_auditor', 'keyctl_gateway') then
    raise exception using errcode = 'KC422',
      message = 'the role is one of keyctl_viewer, keyctl_operator, keyctl_admin, keyctl_auditor, keyctl_gateway';
  end if;
  select * into v_user from pg_catalog.pg_roles where rolname = p_user;
  if not found then
    raise exception using errcode = 'KC404', message = 'no such login; create it first: create role NAME login';
  elsif p_user ~ '^(keyctl|pg)_' then
    raise exception using errcode = 'KC422', message = format('%s is a group of its own and takes no other', p_user);
  end if;

  if not exists (
    select from pg_catalog.pg_auth_members m where m.roleid = p_role::regrole and m.member = v_user.oid
  ) then
    begin
      execute format('grant %I to %I', p_role, p_user);
    exception when insufficient_privilege then
      raise exception using errcode = 'KC403',
        message = format('%s, who owns the kernel here, may not grant %s; a superuser can: grant %s to %I', current_user, p_role, p_role, p_user);
    end;
    v_granted := true;
  end if;

  -- The one that counts at a login: the role's own in this database, the role's own, the database's.
  select substr(setting, length('search_path=') + 1) into v_path
  from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) setting
  where s.setrole in (0, v_user.oid) and s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
    and starts_with(setting, 'search_path=')
  order by s.setrole <> 0 desc, s.setdatabase <> 0 desc limit 1;
  if not v_user.rolcanlogin then
    v_path_outcome := 'own';
  elsif v_path is null then
    -- A constant: a path that somebody else set is never put into a statement of ours.
    begin
      execute format('alter role %I in database %I set search_path = "$user", public, keyctl', p_user, current_database());
      v_path_outcome := 'set';
    exception when insufficient_privilege then
      v_path_outcome := 'refused';
    end;
  elsif exists (select from unnest(string_to_array(v_path, ',')) p where btrim(p, ' "') = 'keyctl') then
    v_path_outcome := 'already';
  end if;

  if not v_granted and v_path_outcome <> 'set' then
    return jsonb_build_object('outcome', 'already_granted', 'user', p_user, 'role', p_role, 'search_path', v_path_outcome,
      'audit_seq', null, 'repeated', false);
  end if;
  v_answer := jsonb_build_object('outcome', 'granted', 'user', p_user, 'role', p_role, 'search_path', v_path_outcome);
  return v_answer || jsonb_build_object('repeated', false, 'audit_seq', keyctl.append_audit(
    p_operation, p_context, 'db.role_granted', null, null, null,
    jsonb_build_object('user', p_user, 'role', p_role, 'membership_new', v_granted), v_answer));
end $$;

revoke all on function keyctl.grant_role from public;
grant execute on function keyctl.grant_role to keyctl_admin;
