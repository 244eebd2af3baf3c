import type { Sql } from 'postgres';

/** What `doctor` asks a database; plain reads that any role with the right on the tables may do. */

/** The database's clock, in milliseconds since 1970 (F13). */
export async function databaseClock(sql: Sql): Promise<number> {
  const [row] = await sql`select extract(epoch from clock_timestamp())::float8 * 1000 as now`;
  return Number(row?.now);
}

export interface ChainTail {
  readonly rows: number;
  /** False when a row's hash is not that of its record and the row before, or a number is missing. */
  readonly links: boolean;
  readonly headSeq: number;
  /** The head says what the last row says. */
  readonly headAgrees: boolean;
}

/** The newest rows of the audit log, recomputed by the database; the whole walk is `audit verify`. */
export async function chainTail(sql: Sql, atMost: number): Promise<ChainTail> {
  const [row] = await sql`
    with tail as (
      select seq, record, prev_hash, hash from keyctl.audit_log order by seq desc limit ${atMost}
    ), linked as (
      select seq, hash, hash = sha256(prev_hash || convert_to(record, 'UTF8'))
        and (lag(hash) over w is null or (prev_hash = lag(hash) over w and seq = lag(seq) over w + 1))
        and (record::jsonb ->> 'seq')::bigint = seq as fits
      from tail window w as (order by seq)
    )
    select (select count(*) from linked)::int as rows, coalesce((select bool_and(fits) from linked), true) as links,
      h.seq::text as head_seq,
      case when h.seq = 0 then not exists (select from linked)
        else exists (select from linked l where l.seq = h.seq and l.hash = h.hash)
          and not exists (select from linked l where l.seq > h.seq) end as head_agrees
    from keyctl.audit_head h`;
  return {
    rows: Number(row?.rows ?? 0),
    links: row?.links === true,
    headSeq: Number(row?.head_seq ?? -1),
    headAgrees: row?.head_agrees === true,
  };
}

/** Keys that were made and never delivered, for longer than that; oldest first. Successors are told as rotations. */
export async function stuckPending(sql: Sql, olderThanSeconds: number): Promise<string[]> {
  const rows = await sql`
    select id from keyctl.keys k
    where status = 'pending' and not exists (select from keyctl.rotations r where r.new_key_id = k.id) and created_at < clock_timestamp() - make_interval(secs => ${olderThanSeconds})
    order by created_at`;
  return rows.map((row) => String(row.id));
}

/** Ingests that were opened longer ago and never closed: killed on the way, their inbox left behind. */
export async function leftInboxes(sql: Sql, olderThanSeconds: number): Promise<number> {
  const [row] = await sql`
    select count(*)::int as left from keyctl.ingest_runs
    where closed_at is null and opened_at < clock_timestamp() - make_interval(secs => ${olderThanSeconds})`;
  return Number(row?.left ?? 0);
}

export interface PartitionsAhead {
  readonly any: boolean;
  /** Whether the week that begins within the next seven days has its table. */
  readonly nextWeek: boolean;
  /** Somebody may insert without the kernel's functions, which make the tables they need. */
  readonly gatewayLogins: boolean;
}

export async function partitionsAhead(sql: Sql): Promise<PartitionsAhead> {
  const [row] = await sql`
    select exists (select from pg_inherits where inhparent = 'keyctl.usage_events'::regclass) as any,
      to_regclass('keyctl.usage_events_' || to_char(date_trunc('week', clock_timestamp() at time zone 'UTC') + interval '7 days', 'YYYYMMDD'))
        is not null as next_week,
      exists (select from pg_auth_members m join pg_roles r on r.oid = m.roleid where r.rolname = 'keyctl_gateway') as gateway`;
  return { any: row?.any === true, nextWeek: row?.next_week === true, gatewayLogins: row?.gateway === true };
}

/** Makes this week's and the next three weeks' tables. Needs keyctl_operator. Answers how many were new. */
export async function makePartitionsAhead(sql: Sql): Promise<number> {
  const [row] = await sql`
    select keyctl.ensure_partitions(array(
      select (clock_timestamp() at time zone 'UTC')::date + 7 * w from generate_series(0, 3) w)) as made`;
  return Number(row?.made ?? 0);
}
