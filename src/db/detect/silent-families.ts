import { type SQL, sql } from 'drizzle-orm';
import { dayMs, hourMs, slotOf } from '../../domain/detect/profile.js';
import type { Executor } from '../kernel.js';
import { arrayLiteral } from '../wire-types.js';

/** A family that did nothing in the time that is judged. */
export interface SilentFamily {
  readonly familyId: string;
  /** Last request of any of its keys, milliseconds since 1970. */
  readonly lastAt: number;
  /** Unused for so long that it may be forgotten; else missed by an expectation of the last hours. */
  readonly stale: boolean;
}

const at = (moment: number) => sql`${new Date(moment).toISOString()}::timestamptz`;
const ms = (value: SQL) => sql`(extract(epoch from ${value}) * 1000)::float8`;

/** Days without use of which a day's first asker is told. */
const staleDays = [7, 30] as const;
const leastExpected = 30;
const expectedHours = 3;

/**
 * Families that fell silent within the last day although requests are expected of them, and those that on this day are unused for a week
 * or a month. Answered from `expected_requests` and the keys alone: no document is opened for a family that is not silent.
 */
export async function silentFamilies(
  db: Executor,
  { since, now }: { readonly since: number; readonly now: number },
): Promise<readonly SilentFamily[]> {
  const lastHour = now - (now % hourMs);
  const slots = Array.from(
    { length: expectedHours },
    (_, hour) => slotOf(lastHour - (hour + 1) * hourMs) + 1,
  );
  const stale = sql.join(
    staleDays.map(
      (days) => sql`u.last_at between ${at(now - (days + 1) * dayMs)} and ${at(now - days * dayMs)}`,
    ),
    sql` or `,
  );
  const rows = await db.execute(sql`
    select u.family_id, ${ms(sql`u.last_at`)} as last_at, (${stale}) as stale
    from (select family_id, max(last_used_at) as last_at from keyctl.api_keys group by family_id) u
    join keyctl.usage_baselines b on b.family_id = u.family_id
    where ((${stale}) or (u.last_at >= ${at(since - dayMs)} and u.last_at < ${at(since)}
      and (select sum(b.expected_requests[s]) from unnest(${arrayLiteral(slots)}::int[]) s) >= ${leastExpected}::float8))`);
  return rows.map((row) => ({
    familyId: String(row.family_id),
    lastAt: Number(row.last_at),
    stale: row.stale === true,
  }));
}
