import type { Sql } from 'postgres';

/** What a database is and holds, as far as this role may see it; null is what it may not, or what is not there. */
export interface DatabaseStatus {
  readonly superuser: boolean;
  /** keyctl's groups that this role is in, by itself or through another one. */
  readonly roles: readonly string[];
  readonly hasSchema: boolean;
  /** Who owns it: migrations are his. */
  readonly schemaOwner: string | null;
  /** True for the owner, his members and superusers; before there is a schema, for who may create one. */
  readonly mayMigrate: boolean;
  readonly fingerprint: string | null;
  readonly databaseId: string | null;
  readonly keys: number | null;
  readonly auditRows: number | null;
  /** By the planner's statistics, so that asking costs nothing. */
  readonly eventsEstimate: number | null;
  readonly partitions: PartitionSpan | null;
  readonly databaseBytes: number;
  readonly usageBytes: number | null;
}

interface PartitionSpan {
  readonly count: number;
  /** Mondays (UTC) of the first week and of the last, as dates; null without one. */
  readonly first: string | null;
  readonly last: string | null;
}

/** Reads the catalog only, and tables that the role may read: works on any database, whatever keyctl made it, or none. */
export async function databaseStatus(sql: Sql): Promise<DatabaseStatus> {
  const [row] = await sql`
    with recursive mine as (
      select oid, rolsuper from pg_roles where rolname = session_user
    ), groups as (
      select m.roleid from pg_auth_members m join mine on m.member = mine.oid
      union
      select m.roleid from pg_auth_members m join groups g on m.member = g.roleid
    ), here as (
      -- By name: to_regclass refuses who may not enter the schema.
      select c.oid, c.relnamespace from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'keyctl' and c.relname = 'installation'
    )
    select (select rolsuper from mine) as superuser,
      array(select r.rolname::text from groups g join pg_roles r on r.oid = g.roleid
        where starts_with(r.rolname, 'keyctl_') order by 1) as roles,
      (select count(*) from here) > 0 as has_schema,
      (select nspowner::regrole::text from pg_namespace where nspname = 'keyctl') as schema_owner,
      coalesce((select pg_has_role(session_user, nspowner, 'usage') from pg_namespace where nspname = 'keyctl'),
        has_database_privilege(current_database(), 'create')) as may_migrate,
      coalesce((select has_schema_privilege(relnamespace, 'usage') and has_table_privilege(oid, 'select') from here), false) as may_read,
      pg_database_size(current_database())::text as database_bytes`;
  const hasSchema = row?.has_schema === true;
  const mayRead = hasSchema && row?.may_read === true;
  return {
    superuser: row?.superuser === true,
    roles: (row?.roles as string[] | undefined) ?? [],
    hasSchema,
    schemaOwner: (row?.schema_owner as string | null | undefined) ?? null,
    mayMigrate: row?.may_migrate === true,
    databaseBytes: Number(row?.database_bytes),
    ...(mayRead ? await contents(sql) : unseen),
    ...(hasSchema ? await usageSpan(sql) : { eventsEstimate: null, partitions: null, usageBytes: null }),
  };
}

const unseen = { fingerprint: null, databaseId: null, keys: null, auditRows: null };

async function contents(sql: Sql) {
  const [row] = await sql`
    select schema_fingerprint as fingerprint, database_id::text as database_id,
      (select count(*) from keyctl.api_keys)::int as keys, (select seq from keyctl.audit_head)::text as audit_rows
    from keyctl.installation`;
  return {
    fingerprint: (row?.fingerprint as string | null | undefined) ?? null,
    databaseId: String(row?.database_id),
    keys: Number(row?.keys),
    auditRows: Number(row?.audit_rows),
  };
}

async function usageSpan(sql: Sql) {
  const [row] = await sql`
    select count(*)::int as count, min(right(c.relname, 8)) as first, max(right(c.relname, 8)) as last,
      coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint::text as estimate,
      coalesce(sum(pg_total_relation_size(c.oid)), 0)::text as bytes
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    join pg_class p on p.oid = i.inhparent join pg_namespace n on n.oid = p.relnamespace
    where n.nspname = 'keyctl' and p.relname = 'usage_events'`;
  return {
    eventsEstimate: Number(row?.estimate),
    usageBytes: Number(row?.bytes),
    partitions: { count: Number(row?.count), first: dayOf(row?.first), last: dayOf(row?.last) },
  };
}

/** `20261116`, the end of a partition's name, as a date. */
function dayOf(text: unknown): string | null {
  const parts = /^(\d{4})(\d\d)(\d\d)$/.exec(typeof text === 'string' ? text : '');
  return parts === null ? null : `${parts[1]}-${parts[2]}-${parts[3]}`;
}
