import { randomUUID } from 'node:crypto';
import type { Connection } from '../../src/db/connect.js';
import type { Change } from '../../src/db/kernel.js';
import type { NewIncident } from '../../src/db/kernel-incidents.js';

/** A change of the tests' own; the same id again repeats it. */
export function testChange(operationId: string = randomUUID()): Change {
  return { operationId, context: { actor_os: 'test', actor_claimed: null, host: 'here' } };
}

/** What an incident is opened with where nothing about it matters. */
export const plainIncident: NewIncident = {
  title: 'key in public repo acme/app',
  type: 'leak',
  severity: 'medium',
  detectedAt: null,
  lead: null,
  keyIds: [],
};

/** An incident, opened by the kernel; answers its id. */
export async function seedIncident({ sql }: Connection, seed: Partial<NewIncident> = {}): Promise<string> {
  const { title, type, severity, detectedAt, lead, keyIds } = { ...plainIncident, ...seed };
  const incident = JSON.stringify({ title, type, severity, detected_at: detectedAt, lead });
  const [row] = await sql`select keyctl.open_incident(${randomUUID()}::uuid, '{}', ${incident}::text::jsonb,
    array(select jsonb_array_elements_text(${JSON.stringify(keyIds)}::text::jsonb))) ->> 'incident_id' as id`;
  return String(row?.id);
}

/** What was written down about an incident, oldest first. */
export async function incidentLog(
  { sql }: Connection,
  incidentId: string,
): Promise<
  readonly {
    action: string;
    key_id: string | null;
    reason: string | null;
    details: Record<string, unknown>;
  }[]
> {
  const rows = await sql`select action, key_id, reason, record::jsonb -> 'details' as details
    from keyctl.audit_log where incident_id = ${incidentId} order by seq`;
  return Array.from(rows) as never;
}
