import { sql } from 'drizzle-orm';
import type { Executor } from '../kernel.js';

/** The fingerprints of all keys that only a digest proves: 16 hex digits of each, one behind the other. */
export async function weakFingerprints(db: Executor): Promise<string> {
  const [row] = await db.execute(
    sql`select coalesce(string_agg(substr(k.fingerprint, 8), ''), '') as digits from keyctl.keys k where k.weak`,
  );
  return String(row?.digits ?? '');
}
