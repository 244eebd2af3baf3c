import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import type { Spent } from '../kernel-decisions.js';
import { arrayLiteral } from '../wire-types.js';

/** What keys used in the running calendar month (UTC), up to now. */
export interface MonthUse {
  /** `2026-08`. */
  readonly month: string;
  readonly asOf: string;
  readonly byKey: ReadonlyMap<string, Spent>;
}

/** The kernel's own sums (`month_use`), by the database's clock. */
export async function monthUse(db: Executor, keyIds: readonly string[]): Promise<MonthUse> {
  const [clock = {}] = await db.execute(sql`
    select t.at::text, to_char(t.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as as_of from (select clock_timestamp() as at) t`);
  const rows = await db.execute(sql`
    select key_id, requests::float8 as requests, tokens::float8 as tokens, cost_usd::text as cost_usd
    from keyctl.month_use(${arrayLiteral(keyIds)}::text[], ${String(clock.at)}::timestamptz)`);
  const byKey = new Map(
    rows.map((row): [string, Spent] => [
      String(row.key_id),
      { requests: Number(row.requests), tokens: Number(row.tokens), costUsd: String(row.cost_usd) },
    ]),
  );
  return { month: String(clock.as_of).slice(0, 7), asOf: String(clock.as_of), byKey };
}
