import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

export interface SinceRevocation {
  /** Newest request of the key after its revocation that was accepted (status under 400, or none told). */
  readonly lastAcceptedAt: string | null;
  /** Newest event of any key, if newer than the revocation: only then does silence prove anything. */
  readonly eventsAsOf: string | null;
}

const iso = (column: unknown) => sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * What the usage log says of each revoked key after its revocation, to the microsecond; a key that is not revoked is not
 * in the answer. An event whose clock runs ahead of the database's does not tell how far the log reaches.
 */
export async function sinceRevocation(
  db: Executor,
  keyIds: readonly string[],
): Promise<ReadonlyMap<string, SinceRevocation>> {
  const rows = await db.execute(sql`
    with revoked as (
      select id, revoked_at from keyctl.api_keys
      where id in (select jsonb_array_elements_text(${JSON.stringify(keyIds)}::jsonb)) and revoked_at is not null
    ), newest as (
      select max(ts) as ts from keyctl.usage_events
      where ts > (select min(revoked_at) from revoked) and ts <= statement_timestamp()
    )
    select r.id as key_id, ${iso(sql`n.ts`)} as as_of, n.ts > r.revoked_at as reaches, (
        select ${iso(sql`max(e.ts)`)} from keyctl.usage_events e
        where e.key_id = r.id and e.ts > r.revoked_at and (e.status is null or e.status < 400)
      ) as last_accepted_at
    from revoked r cross join newest n`);
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
