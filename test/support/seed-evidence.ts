import { recordFindings } from '../../src/db/kernel-findings.js';
import { addFollowUp } from '../../src/db/kernel-incident-follow-ups.js';
import { finishStep, setPlaybook, takeStep } from '../../src/db/kernel-incident-steps.js';
import {
  assignIncident,
  correctTime,
  linkUrl,
  markIncident,
  noteIncident,
} from '../../src/db/kernel-incidents.js';
import { freshDatabase, type TestDatabase } from './postgres.js';
import { seedEvents } from './seed-events.js';
import { newFinding } from './seed-finding.js';
import { seedIncident, testChange } from './seed-incident.js';
import { type SeededKey, seedKey } from './seed-keys.js';

/** An incident with one of everything that a report or a bundle of it can hold. */
export interface SeededEvidence {
  readonly incidentId: string;
  /** Revoked, with events before its death. */
  readonly leaked: SeededKey;
  readonly usable: SeededKey;
  /** Not linked, with as many events. */
  readonly bystander: SeededKey;
  readonly findingId: string;
  /** Of the two linked keys together. */
  readonly events: number;
}

/** @param text stands wherever text from outside can stand, past every parser; PostgreSQL has to be able to hold it */
export async function seedEvidence(
  admin: Awaited<ReturnType<TestDatabase['connect']>>,
  text = 'plain',
): Promise<SeededEvidence> {
  const leaked = await seedKey(admin, { status: 'revoked', name: text, owner: 'alice@example.com' });
  const usable = await seedKey(admin, { name: `${text} 2` });
  const bystander = await seedKey(admin);
  const incidentId = await seedIncident(admin, { severity: 'high', keyIds: [leaked.id, usable.id] });
  const { sql } = admin;
  await sql`update keyctl.owners set email = lower(${text}) || '@example.com' where email = 'alice@example.com'`;
  await sql`update keyctl.incidents set title = ${text} where incident_id = ${incidentId}`;
  await sql`insert into keyctl.incident_attempts (key_id, hour, ip, accepted, requests, first_at, last_at)
    select ${leaked.id}::text, date_trunc('hour', clock_timestamp()), ${text}::text, false, 3, clock_timestamp(), clock_timestamp()`;
  const finding = newFinding(leaked, { ip: text, cause: text });
  const evidence = { ...finding.evidence, summary: text };
  await admin.run({ sends: 'read' }, async (db) => {
    const findings = [{ ...finding, evidence, reproduce_sql: `select 1 as observed -- ${text}` }];
    await recordFindings(db, testChange(), { findings, judgedUntil: null });
    const noted = await noteIncident(db, testChange(), { incidentId, note: `${text}.` });
    const at = new Date(Date.now() - 60_000).toISOString();
    const correction = {
      incidentId,
      auditSeq: Number(noted.audit_seq),
      at,
      reason: 'read from the chat log',
    };
    await correctTime(db, testChange(), correction);
    await assignIncident(db, testChange(), { incidentId, lead: 'jdoe' });
    await linkUrl(db, testChange(), { incidentId, url: 'https://example.com/OPS-7', title: null });
    const todo = { incidentId, title: 'scan logs', owner: 'platform', dueOn: '2099-01-31' };
    await addFollowUp(db, testChange(), todo);
    const step = { incidentId, step: 'identify' };
    const playbook = { name: 'compromise', steps: [{ name: 'identify', required: true }] };
    await setPlaybook(db, testChange(), { incidentId, playbook });
    await takeStep(db, testChange(), { ...step, holder: 'a test' });
    await finishStep(db, testChange(), { ...step, result: { keys: 1 } });
    await markIncident(db, testChange(), { incidentId, mark: 'investigated', text: `${text}\nand more` });
  });
  await sql`update keyctl.incident_links set title = ${text}, url = 'https://example.com/' || ${text} where incident_id = ${incidentId}`;
  await sql`update keyctl.incident_follow_ups set title = ${text}, owner = ${text} where incident_id = ${incidentId}`;
  await sql`update keyctl.incident_corrections set reason = ${text} where incident_id = ${incidentId}`;
  await sql`update keyctl.incident_steps set finished_by = ${text} where incident_id = ${incidentId}`;
  const events = await seedTraffic(admin, [leaked, usable, bystander], text);
  return { incidentId, leaked, usable, bystander, findingId: finding.finding_id, events };
}

async function seedTraffic(
  admin: Awaited<ReturnType<TestDatabase['connect']>>,
  keys: readonly SeededKey[],
  text: string,
): Promise<number> {
  const each = 40;
  const now = Date.now();
  const events = keys.flatMap(({ id }) =>
    Array.from({ length: each }, (_, n) => ({
      ts: new Date(now - (n + 1) * 600_000).toISOString(),
      ...{ key_id: id, id: `${id} ${n}`, key_version: 1, method: 'GET', status: n % 4 === 0 ? 401 : 200 },
      ...{ endpoint: n % 4 < 3 ? text : '/v1/runs', ip_text: n % 5 === 0 ? text : '192.0.2.7' },
      ...{ user_agent: text, object: text, model: text, bytes: 1000, latency_ms: 12 },
    })),
  );
  await seedEvents(admin, events);
  return 2 * each;
}

/** A database with it. */
export async function evidenceDatabase() {
  const database = await freshDatabase();
  const admin = await database.connect();
  return { database, admin, evidence: await seedEvidence(admin) };
}
