import type { Sql } from 'postgres';

interface Holder {
  pid: number;
  usename: string | null;
  application_name: string | null;
  state: string | null;
  seconds: number | null;
}

/**
 * Who holds locks on keyctl's tables now, longest first: `process 4711 (psql, role alice, idle in transaction for 95 s)`.
 * Asked by a session whose own statement just gave up waiting, so `pg_blocking_pids` no longer knows (F40). Another role's
 * state and duration are null to those outside pg_read_all_stats; process, role and program are visible to everybody.
 */
export async function blockersOf(sql: Sql): Promise<string[]> {
  const holders = await sql.unsafe<Holder[]>(`
    select a.pid, a.usename, a.application_name, a.state,
           extract(epoch from clock_timestamp() - a.xact_start)::int as seconds
      from pg_stat_activity a
     where a.pid <> pg_backend_pid()
       and a.pid in (select l.pid
                       from pg_locks l
                       join pg_class c on c.oid = l.relation
                       join pg_namespace n on n.oid = c.relnamespace
                      where l.granted and l.mode <> 'AccessShareLock' and n.nspname = 'keyctl'
                        and l.database = (select oid from pg_database where datname = current_database()))
     order by seconds desc nulls last, a.pid`);
  return holders.map((holder) => {
    const state = holder.state === null ? '' : `, ${holder.state}`;
    const since = holder.seconds === null ? '' : ` for ${holder.seconds} s`;
    const program = holder.application_name || 'unnamed program';
    return `process ${holder.pid} (${program}, role ${holder.usename ?? 'unknown'}${state}${since})`;
  });
}
