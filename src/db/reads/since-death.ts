import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import type { SinceRevocation } from './proof.js';

const iso = (column: unknown) => sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * What the usage log says of each dead key of an incident after its death, whatever it died of: a suspended or replaced key
 * has to be refused as a revoked one. A key that is usable is not in the answer.
 */
export async function sinceDeath(
  db: Executor,
  incidentId: string,
  keyIds: readonly string[],
): Promise<ReadonlyMap<string, SinceRevocation>> {
  const rows = await db.execute(sql`
    with dead as materialized (
      select l.key_id, l.dead_since from keyctl.incident_key_list l
      where l.incident_id = ${incidentId} and l.dead_since is not null
        and l.key_id in (select jsonb_array_elements_text(${JSON.stringify(keyIds)}::jsonb))
    ), newest as (
      select max(ts) as ts from keyctl.usage_events
      where ts > (select min(dead_since) from dead) and ts <= statement_timestamp()
    )
    select d.key_id, ${iso(sql`n.ts`)} as as_of, n.ts > d.dead_since as reaches, (
        select ${iso(sql`max(e.ts)`)} from keyctl.usage_events e
        where e.key_id = d.key_id and e.ts > d.dead_since and (e.status is null or e.status < 400)
      ) as last_accepted_at
    from dead d cross join newest n`);
  return new Map(
    rows.map((row) => [
      String(row.key_id),
      {
        lastAcceptedAt: row.last_accepted_at as string | null,
        eventsAsOf: row.reaches === true ? (row.as_of as string) : null,
      },
    ]),
  );
}
