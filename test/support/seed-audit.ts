import { randomUUID } from 'node:crypto';
import type { Connection } from '../../src/db/connect.js';

export interface AuditSeed {
  readonly action?: string;
  readonly keyId?: string | null;
  readonly familyId?: string | null;
  readonly reason?: string | null;
  readonly actorOs?: string | null;
  readonly actorClaimed?: string | null;
  readonly host?: string | null;
  readonly ticket?: string | null;
  readonly incidentId?: string | null;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Appends rows to the audit log by the kernel's own function, in the order given; each in a statement of its own. */
export async function seedAudit({ sql }: Connection, seeds: readonly AuditSeed[]): Promise<void> {
  for (const seed of seeds) {
    const { action = 'key.updated', keyId = null, familyId = keyId, reason = 'seeded, for a test' } = seed;
    const context = {
      actor_os: seed.actorOs ?? null,
      actor_claimed: seed.actorClaimed ?? null,
      host: seed.host ?? null,
      ticket: seed.ticket ?? null,
      incident_id: seed.incidentId ?? null,
    };
    if (seed.incidentId != null) await haveIncident(sql, seed.incidentId);
    await sql`select keyctl.append_audit(${randomUUID()}::uuid, ${JSON.stringify(context)}::text::jsonb, ${action}, ${keyId},
      ${familyId}, ${reason}, ${JSON.stringify(seed.details ?? {})}::text::jsonb, '{}'::jsonb)`;
  }
}

/** One that is contained: rows about keys write nothing more into its timeline than themselves. */
async function haveIncident(sql: Connection['sql'], incidentId: string): Promise<void> {
  await sql`insert into keyctl.incidents (incident_id, number, title, type, severity, state, detected_at)
    values (${incidentId}, substr(${incidentId}, 5)::int, 'seeded', 'leak', 'low', 'contained', clock_timestamp()) on conflict do nothing`;
}

/** What a superuser can do to the log: with triggers off, nothing stops him (F14). */
export async function tamper({ sql }: Connection, statements: string): Promise<void> {
  await sql.unsafe(
    `set session_replication_role = replica; ${statements}; set session_replication_role = origin`,
  );
}
