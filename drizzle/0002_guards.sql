-- Rules that hold whatever the code does, the one row of each register, and the roles of DESIGN 6.
insert into keyctl.installation default values;
--> statement-breakpoint
-- The chain starts at the database's own random id, so that no two databases share a prefix.
insert into keyctl.audit_head (seq, hash)
select 0, sha256(convert_to('keyctl audit v1' || chr(10) || database_id::text, 'UTF8')) from keyctl.installation;
--> statement-breakpoint
create function keyctl.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using errcode = 'KC409', message = format('%s of %I.%I is refused: its rows are never changed or deleted', tg_op, tg_table_schema, tg_table_name);
end $$;
--> statement-breakpoint
create trigger audit_log_append_only before update or delete or truncate on keyctl.audit_log
for each statement execute function keyctl.refuse_change();
--> statement-breakpoint
create trigger api_keys_never_deleted before delete or truncate on keyctl.api_keys
for each statement execute function keyctl.refuse_change();
--> statement-breakpoint
create function keyctl.guard_key() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if old.status in ('revoked', 'replaced') and new.status is distinct from old.status then
    raise exception using errcode = 'KC409', message = format('%s is %s, and there is no way back', old.id, old.status);
  end if;
  if old.revoked_at is not null and
     (new.revoked_at, new.revocation_reason, new.revoked_by) is distinct from (old.revoked_at, old.revocation_reason, old.revoked_by) then
    raise exception using errcode = 'KC409', message = format('the revocation of %s is history and cannot be restamped', old.id);
  end if;
  if (new.id, new.created_at, new.salt, new.verifier, new.fingerprint) is distinct from
     (old.id, old.created_at, old.salt, old.verifier, old.fingerprint) then
    raise exception using errcode = 'KC409', message = format('the identity of %s cannot be changed', old.id);
  end if;
  return new;
end $$;
--> statement-breakpoint
create trigger api_keys_no_way_back before update on keyctl.api_keys
for each row execute function keyctl.guard_key();
--> statement-breakpoint
revoke all on function keyctl.refuse_change(), keyctl.guard_key() from public;
--> statement-breakpoint
-- Roles belong to the cluster: another database, or a migration running beside this one, may have made them.
do $$
declare role_name text;
begin
  foreach role_name in array array['keyctl_viewer', 'keyctl_operator', 'keyctl_admin', 'keyctl_auditor', 'keyctl_gateway'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      begin
        execute format('create role %I nologin', role_name);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
  end loop;
end $$;
