import type { Sql } from 'postgres';

/** One right that is missing, or that somebody has who should not; `sql` is what its owner runs to put it right. */
export interface GrantFault {
  readonly finding: string;
  readonly sql: string;
  /** The statement takes rights on single columns along: drizzle/grants.sql gives them back. */
  readonly thenGrants?: boolean;
}

/** Who may execute each function of the kernel, by its own file. */
export type ExpectedGrants = ReadonlyMap<string, readonly string[]>;

const grantForm = /^grant execute on function keyctl\.(\w+) to ([\w, ]+);/gm;

/** Reads `grant execute on function keyctl.f to a, b;` out of the kernel's files: the one place where it is written. */
export function expectedGrants(
  files: readonly { readonly kind: string; readonly name: string; readonly text: string }[],
): ExpectedGrants {
  const found = new Map<string, string[]>();
  for (const { kind, name, text } of files) {
    if (kind !== 'function') continue;
    found.set(name, []);
    for (const [, fn = '', roles = ''] of text.matchAll(grantForm)) found.set(fn, roles.split(/, */));
  }
  return found;
}

/** What differs from the grants that the migration gave, worst first: rights of PUBLIC, then of others, then missing ones. */
export async function grantFaults(sql: Sql, expected: ExpectedGrants): Promise<GrantFault[]> {
  return [
    ...(await tableFaults(sql)),
    ...(await functionFaults(sql, expected)),
    ...(await missingRights(sql)),
  ];
}

async function functionFaults(sql: Sql, expected: ExpectedGrants): Promise<GrantFault[]> {
  const rows = await sql`
    select p.proname::text as name, array(
      select coalesce(r.rolname::text, 'public') from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      left join pg_roles r on r.oid = a.grantee where a.grantee <> p.proowner order by 1) as grantees
    from pg_proc p where p.pronamespace = 'keyctl'::regnamespace`;
  const faults: GrantFault[] = [];
  for (const row of rows) {
    const name = String(row.name);
    const wanted = expected.get(name);
    // guard_key and its like belong to no kernel file; nobody but their owner needs them.
    const grantees = row.grantees as string[];
    for (const who of grantees.filter((each) => !(wanted ?? []).includes(each))) {
      const finding = `${who} may execute ${name}`;
      faults.push({ finding, sql: `revoke execute on function keyctl.${name} from ${quoted(who)}` });
    }
    for (const who of (wanted ?? []).filter((each) => !grantees.includes(each))) {
      const finding = `${who} may not execute ${name}`;
      faults.push({ finding, sql: `grant execute on function keyctl.${name} to ${who}` });
    }
  }
  return faults;
}

/** Nobody writes a table but its owner; gateways append usage, an ingest fills its own inbox. Secrets are read by nobody. */
async function tableFaults(sql: Sql): Promise<GrantFault[]> {
  const rows = await sql`
    with rights as (
      select c.relname::text as name, null::text as column, a.grantee, a.privilege_type as right
      from pg_class c, aclexplode(c.relacl) a
      where c.relnamespace = 'keyctl'::regnamespace and a.grantee <> c.relowner and not starts_with(c.relname, 'inbox_')
      union all
      select c.relname::text, t.attname::text, a.grantee, a.privilege_type
      from pg_class c join pg_attribute t on t.attrelid = c.oid and t.attacl is not null, aclexplode(t.attacl) a
      where c.relnamespace = 'keyctl'::regnamespace and a.grantee <> c.relowner
    )
    select r.name, r.column, r.right, coalesce(u.rolname::text, 'public') as who
    from rights r left join pg_roles u on u.oid = r.grantee
    where (r.right <> 'SELECT' and not (r.name = 'usage_events' and r.right = 'INSERT' and u.rolname = 'keyctl_gateway'))
       or r.grantee = 0
       or (r.name = 'api_keys' and (r.column is null or r.column in ('salt', 'verifier', 'digest')))
    order by r.grantee, 1, 2`;
  return Array.from(rows, (row) => {
    const what = row.column === null ? String(row.name) : `${row.column} of ${row.name}`;
    const right = String(row.right).toLowerCase();
    const columns = row.column === null ? '' : ` (${row.column})`;
    return {
      finding: `${row.who} has ${right} on ${what}`,
      sql: `revoke ${right}${columns} on keyctl.${row.name} from ${quoted(String(row.who))}`,
      thenGrants: row.column === null && row.name === 'api_keys',
    };
  });
}

async function missingRights(sql: Sql): Promise<GrantFault[]> {
  const rows = await sql`
    select 'keyctl_viewer may not read ' || t as finding, format('grant select on keyctl.%I to keyctl_viewer', t) as sql
    from unnest(array['keys', 'owners', 'audit_log', 'audit_head', 'ip_blocks', 'usage_events', 'stray_events']) t
    where not has_table_privilege('keyctl_viewer', format('keyctl.%I', t), 'select')
    union all
    select format('%s is not in %s', member, role), format('grant %s to %s', role, member)
    from (values ('keyctl_viewer', 'keyctl_operator'), ('keyctl_operator', 'keyctl_admin'), ('keyctl_viewer', 'keyctl_auditor')) e (role, member)
    where not pg_has_role(member, role, 'member')`;
  return Array.from(rows, (row) => ({ finding: String(row.finding), sql: String(row.sql) }));
}

function quoted(role: string): string {
  return role === 'public' || /^[a-z_][a-z0-9_]*$/.test(role) ? role : `"${role.replaceAll('"', '""')}"`;
}
