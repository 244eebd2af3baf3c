import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

/** A key whose access has to be reviewed. */
export interface DueReview {
  readonly keyId: string;
  readonly name: string;
  readonly version: number;
  readonly status: string;
  readonly owner: string | null;
  readonly policy: string | null;
  readonly environment: string | null;
  readonly scopes: readonly string[];
  readonly reviewEverySeconds: number;
  readonly reviewedAt: string | null;
  readonly dueAt: string;
  readonly lastUsedAt: string | null;
}

/** The reviews that are due now (`review_plan`), the one that is due longest first. */
export async function dueReviews(db: Executor): Promise<readonly DueReview[]> {
  const rows = await db.execute(sql`
    select k.id, k.name, k.version, k.status, o.email, k.policy, k.environment, to_jsonb(k.scopes) as scopes,
      v.review_every_seconds::float8 as every, to_jsonb(k.reviewed_at) #>> '{}' as reviewed_at,
      to_jsonb(v.due_at) #>> '{}' as due_at, to_jsonb(k.last_used_at) #>> '{}' as last_used_at
    from keyctl.review_plan v
    join keyctl.keys k on k.id = v.key_id
    left join keyctl.owners o on o.owner_id = k.owner_id
    where v.due_at <= statement_timestamp()
    order by v.due_at, k.id`);
  return rows.map((row) => ({
    keyId: String(row.id),
    name: String(row.name),
    version: Number(row.version),
    status: String(row.status),
    owner: row.email as string | null,
    policy: row.policy as string | null,
    environment: row.environment as string | null,
    scopes: row.scopes as string[],
    reviewEverySeconds: Number(row.every),
    reviewedAt: row.reviewed_at as string | null,
    dueAt: String(row.due_at),
    lastUsedAt: row.last_used_at as string | null,
  }));
}
