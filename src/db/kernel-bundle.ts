import { sql } from 'drizzle-orm';
import { answer, type Change, type ChangeAnswer, type Executor, json, who } from './kernel.js';

/** The typed call of the kernel that writes down a bundle of an incident; see `kernel.ts`. */

/** What was sealed. snake_case because it travels as JSON. */
export interface BundleRecord {
  /** Of the whole file, in hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** The window of the usage in it, RFC 3339. */
  readonly since: string;
  readonly until: string;
  readonly events: number;
  /** The rows of the audit log in it. */
  readonly first_seq: number;
  readonly last_seq: number;
  /** The public key that checks its signature; null when it has none. */
  readonly signed_by: string | null;
}

export interface BundleAnswer extends ChangeAnswer {
  readonly outcome: 'bundled';
  readonly incident_id: string;
  readonly bundled_at: string;
}

export function recordBundle(
  db: Executor,
  change: Change,
  input: { incidentId: string; bundle: BundleRecord },
): Promise<BundleAnswer> {
  return answer(
    db,
    sql`select keyctl.record_bundle(${who(change)}, ${input.incidentId}, ${json(input.bundle)}) as answer`,
  );
}
