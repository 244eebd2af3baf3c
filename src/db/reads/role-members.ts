import { sql } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';

/** One way in which somebody holds a role of keyctl's. */
export interface RoleMember {
  readonly role: string;
  readonly member: string;
  readonly login: boolean;
  /** The group of the database's own through which; null for a member of the role itself. */
  readonly via: string | null;
  /** Whether `keyctl` is on the login's search_path in this database. */
  readonly onSearchPath: boolean;
}

/**
 * Who is in which role, by itself or through groups of others (keyctl's own are not followed: `keyctl help roles` says
 * which includes which). Superusers stand under the role `superuser`: they may everything.
 */
export async function roleMembers(orm: PostgresJsDatabase): Promise<RoleMember[]> {
  const rows = await orm.execute(sql`
    with recursive held as (
      select g.rolname::text as role, m.member, null::oid as via, array[g.oid, m.member] as path
      from pg_roles g join pg_auth_members m on m.roleid = g.oid
      where g.rolname ~ '^keyctl_(viewer|operator|admin|auditor|gateway)$'
      union all
      select h.role, m.member, coalesce(h.via, h.member), h.path || m.member
      from held h join pg_auth_members m on m.roleid = h.member join pg_roles u on u.oid = h.member
      where u.rolname !~ '^keyctl_(viewer|operator|admin|auditor|gateway)$' and m.member <> all (h.path)
    ), everybody as (
      select distinct role, member, via from held
      union
      select 'superuser', oid, null from pg_roles where rolsuper
    )
    select e.role, u.rolname::text as member, u.rolcanlogin as login, v.rolname::text as via,
      exists (
        select from pg_db_role_setting s, unnest(s.setconfig) c
        where s.setrole in (0, u.oid) and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
          and starts_with(c, 'search_path=')
          and exists (select from unnest(string_to_array(substr(c, 13), ',')) p where btrim(p, ' "') = 'keyctl')
      ) as on_search_path
    from everybody e join pg_roles u on u.oid = e.member left join pg_roles v on v.oid = e.via
    where u.rolname !~ '^keyctl_(viewer|operator|admin|auditor|gateway)$'
    order by 1, 2, 4 nulls first`);
  return Array.from(rows, (row) => ({
    role: String(row.role),
    member: String(row.member),
    login: row.login === true,
    via: (row.via as string | null | undefined) ?? null,
    onSearchPath: row.on_search_path === true,
  }));
}
