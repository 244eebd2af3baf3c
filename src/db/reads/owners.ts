import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';
import { anyOf } from './keys.js';

/** The e-mail addresses behind owner ids, as people know them; null for whom is forgotten. */
export async function ownerEmails(
  db: Executor,
  ownerIds: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  if (ownerIds.length === 0) return new Map();
  const rows = await db.execute(
    sql`select owner_id, email from keyctl.owners where owner_id = ${anyOf(ownerIds)}`,
  );
  return new Map(Array.from(rows, (row) => [String(row.owner_id), row.email as string | null]));
}
