import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

/** How far the log reaches, and by whose clock. Milliseconds since 1970; null: there is no event. */
export interface LogExtent {
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  /** The database's clock. */
  readonly now: number;
  /** Families whose keys may be used or were used. */
  readonly families: number;
}

const ms = (value: SQL) => sql`(extract(epoch from ${value}) * 1000)::float8`;

export async function logExtent(db: Executor): Promise<LogExtent> {
  const [row] = await db.execute(sql`
    select ${ms(sql`(select min(ts) from keyctl.usage_events)`)} as first_at,
      ${ms(sql`(select max(ts) from keyctl.usage_events)`)} as last_at, ${ms(sql`clock_timestamp()`)} as now,
      (select count(distinct family_id)::float8 from keyctl.api_keys where status <> 'pending') as families`);
  return {
    firstAt: (row?.first_at as number | null | undefined) ?? null,
    lastAt: (row?.last_at as number | null | undefined) ?? null,
    now: Number(row?.now),
    families: Number(row?.families ?? 0),
  };
}
