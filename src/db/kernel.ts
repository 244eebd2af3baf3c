import { type SQL, sql } from 'drizzle-orm';

/**
 * What the typed calls of the kernel (`kernel-*.ts`) have in common: one function there for one function in
 * `drizzle/kernel/`, same name, same order of arguments. Every change is one statement, repeatable by its operation id
 * (F1, F2).
 */

/** What runs a statement: Drizzle's database, or anything of the same shape. */
export interface Executor {
  execute(query: SQL): Promise<readonly Record<string, unknown>[]>;
}

/** Who did it and on whose word, as the audit row keeps it. `actor_db` is added by the database itself. */
export interface AuditContext {
  readonly actor_os: string | null;
  readonly actor_claimed: string | null;
  readonly host: string | null;
  readonly ticket?: string | null;
  readonly incident_id?: string | null;
  /** The program remembers a longer log of this database than it found, or another one of that length. */
  readonly behind?: { readonly remembered_seq: number; readonly found_seq: number };
}

/** One change: its operation id makes it repeatable, its context goes into its audit row. */
export interface Change {
  readonly operationId: string;
  readonly context: AuditContext;
}

/** Common to all answers: `audit_seq` is null when nothing changed; `repeated` when this operation ran before. */
export interface ChangeAnswer {
  readonly audit_seq: number | null;
  readonly repeated: boolean;
}

/** The one answer of a kernel call. */
export async function answer<T>(db: Executor, query: SQL): Promise<T> {
  const rows = await db.execute(query);
  return rows[0]?.answer as T;
}

export const json = (value: unknown) => sql`${JSON.stringify(value)}::jsonb`;
export const who = (change: Change) => sql`${change.operationId}::uuid, ${json(change.context)}`;
/** Lists travel as JSON text: array parameters need type look-ups of their own (F36). */
export const textList = (values: readonly string[]) =>
  sql`array(select jsonb_array_elements_text(${JSON.stringify(values)}::jsonb))`;
export const seconds = (value: number | null) => sql`make_interval(secs => ${value}::double precision)`;
