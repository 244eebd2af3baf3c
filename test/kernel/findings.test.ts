import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import type { Change } from '../../src/db/kernel.js';
import {
  acknowledgeFindings,
  dismissFindings,
  escalateAnew,
  escalateFindings,
  type NewFinding,
  recordFindings,
} from '../../src/db/kernel-findings.js';
import { findings, judgedUntil } from '../../src/db/reads/findings.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { newFinding } from '../support/seed-finding.js';
import { auditOf, bystanders, seedKey, seedUsage } from '../support/seed-keys.js';

const reason = 'FP-12: our own load test, agreed with ops';
const hourMs = 3_600_000;

function change(operationId: string = randomUUID()): Change {
  return { operationId, context: { actor_os: 'test', actor_claimed: null, host: 'here' } };
}

describe.each(servers)('findings in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let operator: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    operator = await database.connect('test_operator');
  });
  afterAll(() => database.drop());

  const record = (found: readonly NewFinding[], operation = change(), judged: string | null = null) =>
    operator.run({ sends: 'read' }, (db) =>
      recordFindings(db, operation, { findings: found, judgedUntil: judged }),
    );
  const outcomes = async (found: readonly NewFinding[]) =>
    (await record(found)).results.map(({ outcome }) => outcome);
  const run = <T>(work: Parameters<typeof operator.run<T>>[1]) => operator.run({ sends: 'read' }, work);
  const stored = async (id: string) => (await run((db) => findings(db, { ids: [id] })))[0];
  const auditSeq = async () => (await admin.sql`select seq::int from keyctl.audit_head`)[0]?.seq;

  it('raises what is new, once, with one row for each key', async () => {
    const [one, two] = [await seedKey(admin), await seedKey(admin)];
    const others = await bystanders(admin, []);
    const found = [
      newFinding(one),
      newFinding(one, { detector: 'decoy', detector_family: 'lifecycle', cause: 'decoy' }),
      newFinding(two),
      newFinding(null, { detector: 'guessing' }),
    ];
    const operation = change();
    const answer = await record(found, operation, new Date(Date.now() - 60_000).toISOString());
    expect(answer.results).toEqual(found.map(({ finding_id }) => ({ finding_id, outcome: 'raised' })));
    expect(answer.repeated).toBe(false);
    const rows = await auditOf(admin, one.id);
    expect(rows).toMatchObject([
      {
        action: 'finding.raised',
        record: {
          details: { findings: [{ detector: 'auth_burst', severity: 'high' }, { detector: 'decoy' }] },
        },
      },
    ]);
    expect(await auditOf(admin, two.id)).toHaveLength(1);
    expect(await bystanders(admin, [])).toEqual(others);
    const kept = await stored(found[0]?.finding_id ?? '');
    expect(kept).toMatchObject({
      ...{ keyId: one.id, keyName: one.name, keyStatus: 'active', status: 'open', observed: 147, kept: true },
      evidence: { summary: '147 refusals from 198.51.100.17' },
    });
    // When it was raised is the database's to say.
    expect(Math.abs((kept?.detectedAt ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(await run(judgedUntil)).toBeGreaterThan(Date.now() - 120_000);

    const again = await record(found, operation);
    expect(again).toMatchObject({ repeated: true, results: answer.results, audit_seq: expect.any(Number) });
    const seq = await auditSeq();
    expect(await outcomes(found)).toEqual(['known', 'known', 'known', 'known']);
    expect(await auditSeq()).toBe(seq);
  });

  it('knows it again for a day: the same detector, family, address and cause', async () => {
    const key = await seedKey(admin);
    const at = (hoursAgo: number) => ({
      onset_at: new Date(Date.now() - hoursAgo * hourMs - 60_000).toISOString(),
      window_start: new Date(Date.now() - hoursAgo * hourMs - 60_000).toISOString(),
      window_end: new Date(Date.now() - hoursAgo * hourMs).toISOString(),
    });
    const first = newFinding(key, at(60));
    expect(await outcomes([first])).toEqual(['raised']);
    expect(await outcomes([newFinding(key, at(40))])).toEqual(['known']);
    // Seen 40 hours ago, not 60: it goes on from there.
    expect(await outcomes([newFinding(key, at(20))])).toEqual(['known']);
    expect(await outcomes([newFinding(key, { ...at(20), cause: 'another' })])).toEqual(['raised']);
    expect(await outcomes([newFinding(key, { ...at(20), ip: '198.51.100.18' })])).toEqual(['raised']);
    expect(await outcomes([newFinding(key, { ...at(20), detector: 'enumeration' })])).toEqual(['raised']);
    const gap = newFinding(key, { ...at(-6), cause: 'gap' });
    expect(await outcomes([newFinding(key, { ...at(20), cause: 'gap' })])).toEqual(['raised']);
    expect(await outcomes([gap])).toEqual(['raised']);
    // Late events tell of an earlier beginning, which was within the day.
    expect(await outcomes([newFinding(key, at(62))])).toEqual(['known']);
    const kept = await stored(first.finding_id);
    expect(kept?.onsetAt).toBeLessThan(Date.now() - 61 * hourMs);
    expect(kept?.lastSeenAt).toBeGreaterThan(Date.now() - 21 * hourMs);
  });

  it('keeps the numbers of its strongest window, and their query', async () => {
    const key = await seedKey(admin);
    const first = newFinding(key, { bits: 8 });
    const stronger = newFinding(key, { bits: 12, observed: 300, reproduce_sql: 'select 300 as observed' });
    const weaker = newFinding(key, { bits: 9, observed: 900, reproduce_sql: 'select 900 as observed' });
    expect(await outcomes([first])).toEqual(['raised']);
    expect(await outcomes([stronger, weaker])).toEqual(['known', 'known']);
    expect(await stored(first.finding_id)).toMatchObject({
      ...{ bits: 12, observed: 300, reproduceSql: 'select 300 as observed' },
    });
    expect((await auditOf(admin, key.id)).map(({ action }) => action)).toEqual(['finding.raised']);
  });

  it('that it got worse is written down, and opens it again', async () => {
    const key = await seedKey(admin);
    const found = newFinding(key, { severity: 'medium' });
    await record([found]);
    await run((db) =>
      dismissFindings(db, change(), { findingIds: [found.finding_id], reason, suppressUntil: null }),
    );
    expect(await outcomes([newFinding(key, { severity: 'low' })])).toEqual(['known']);
    expect((await stored(found.finding_id))?.status).toBe('dismissed');
    expect(await outcomes([newFinding(key, { severity: 'critical', observed: 2 })])).toEqual(['worsened']);
    expect(await stored(found.finding_id)).toMatchObject({
      status: 'open',
      severity: 'critical',
      observed: 2,
    });
    expect((await auditOf(admin, key.id)).map(({ action }) => action)).toEqual([
      'finding.raised',
      'finding.dismissed',
      'finding.worsened',
    ]);
  });

  it('acknowledges, and says of each one what became of it', async () => {
    const [one, two] = [await seedKey(admin), await seedKey(admin)];
    const found = [newFinding(one), newFinding(one, { cause: 'other' }), newFinding(two)];
    await record(found);
    const ids = found.map(({ finding_id }) => finding_id);
    const operation = change();
    const ask = (operationOf: Change, findingIds: readonly string[]) =>
      run((db) => acknowledgeFindings(db, operationOf, { findingIds }));
    const answer = await ask(operation, [...ids, 'fnd_000000000000']);
    expect(answer.results.map(({ outcome }) => outcome)).toEqual([
      ...['acknowledged', 'acknowledged', 'acknowledged', 'not_found'],
    ]);
    expect(await ask(operation, ids)).toMatchObject({ repeated: true, results: answer.results });
    expect((await auditOf(admin, one.id)).at(-1)).toMatchObject({
      action: 'finding.acknowledged',
      record: { details: { findings: [{ finding_id: ids[0] }, { finding_id: ids[1] }] } },
    });
    expect(await stored(ids[0] ?? '')).toMatchObject({ status: 'acknowledged', statusBy: 'test_operator' });
    const seq = await auditSeq();
    const later = await ask(change(), ids.slice(0, 1));
    expect(later).toMatchObject({ audit_seq: null, results: [{ outcome: 'already_acknowledged' }] });
    expect(await auditSeq()).toBe(seq);
  });

  it('a dismissal keeps quiet until its date: of that key, detector and cause alone', async () => {
    const [key, other] = [await seedKey(admin), await seedKey(admin)];
    const long = { onset_at: '2026-01-01T00:00:00Z', window_start: '2026-01-01T00:00:00Z' };
    const old = newFinding(key, { ...long, window_end: '2026-01-01T00:10:00Z' });
    await record([old]);
    const dismiss = (suppressUntil: string | null) =>
      run((db) => dismissFindings(db, change(), { findingIds: [old.finding_id], reason, suppressUntil }));
    for (const wrong of [new Date(Date.now() - 1000), new Date(Date.now() + 400 * 86_400_000)])
      await expect(dismiss(wrong.toISOString())).rejects.toMatchObject({ exitCode: 2 });
    const answer = await dismiss(new Date(Date.now() + 86_400_000).toISOString());
    expect(answer.results).toEqual([{ finding_id: old.finding_id, outcome: 'dismissed' }]);
    expect((await auditOf(admin, key.id)).at(-1)).toMatchObject({
      action: 'finding.dismissed',
      reason,
      record: { details: { suppressed_until: expect.any(String) } },
    });
    expect(
      await outcomes([
        newFinding(key),
        // Another address of the same cause is the same thing to that key.
        newFinding(key, { ip: '198.51.100.99' }),
        newFinding(other),
        newFinding(key, { cause: 'another' }),
        newFinding(key, { detector: 'enumeration', detector_family: 'content' }),
      ]),
    ).toEqual(['suppressed', 'suppressed', 'raised', 'raised', 'raised']);
    expect((await dismiss(null)).results).toMatchObject([{ outcome: 'already_dismissed' }]);
    // Over, it is raised again.
    await admin.sql`update keyctl.finding_suppressions set suppressed_until = clock_timestamp() where family_id = ${key.id}`;
    expect(await outcomes([newFinding(key)])).toEqual(['raised']);
    await expect(
      run((db) => dismissFindings(db, change(), { findingIds: [], reason: 'test', suppressUntil: null })),
    ).rejects.toMatchObject({ exitCode: 2 });
  });

  it('opens an incident about findings in the same statement, once', async () => {
    const key = await seedKey(admin);
    const found = [newFinding(key), newFinding(null, { detector: 'guessing', cause: 'anew' })];
    await record(found);
    const ids = found.map(({ finding_id }) => finding_id);
    const about = { type: 'abuse', severity: 'high', detectedAt: null, lead: null } as const;
    const open = (title: string, operation = change()) =>
      run((db) => escalateAnew(db, operation, { findingIds: ids, incident: { title, ...about } }));
    const before = await auditSeq();
    await expect(open('')).rejects.toMatchObject({ exitCode: 2 });
    expect(await auditSeq()).toBe(before);
    const operation = change();
    const answer = await open('volume of a key', operation);
    expect(answer.results).toMatchObject([{ outcome: 'escalated' }, { outcome: 'escalated' }]);
    expect(await open('volume of a key', operation)).toMatchObject({
      incident_id: answer.incident_id,
      repeated: true,
    });
    const rows =
      await admin.sql`select action, key_id from keyctl.audit_log where incident_id = ${answer.incident_id} order by seq`;
    expect(rows).toEqual([
      { action: 'incident.opened', key_id: null },
      { action: 'incident.key_linked', key_id: key.id },
      { action: 'finding.escalated', key_id: null },
      { action: 'finding.escalated', key_id: key.id },
    ]);
    expect(await stored(ids[1] ?? '')).toMatchObject({ status: 'escalated', incidentId: answer.incident_id });
  });

  it('escalates into an open incident, whose timeline has it', async () => {
    const key = await seedKey(admin);
    await admin.sql`insert into keyctl.incidents (incident_id, number, title, type, severity, detected_at)
      values ('INC-7', 7, 'key in public repo', 'leak', 'high', now())`;
    const found = [newFinding(key), newFinding(null, { detector: 'guessing', cause: 'escalated' })];
    await record(found);
    const ids = found.map(({ finding_id }) => finding_id);
    const escalate = (incidentId: string, operation = change()) =>
      run((db) => escalateFindings(db, operation, { findingIds: ids, incidentId }));
    await expect(escalate('INC-8')).rejects.toMatchObject({ exitCode: 3 });
    const operation = change();
    const answer = await escalate('INC-7', operation);
    expect(answer).toMatchObject({
      incident_id: 'INC-7',
      results: [{ outcome: 'escalated' }, { outcome: 'escalated' }],
    });
    expect(await escalate('INC-7', operation)).toMatchObject({ repeated: true });
    expect(await stored(ids[0] ?? '')).toMatchObject({ status: 'escalated', incidentId: 'INC-7' });
    const rows =
      await admin.sql`select action, key_id, incident_id from keyctl.audit_log where incident_id = 'INC-7' order by seq`;
    expect(rows).toEqual([
      { action: 'finding.escalated', key_id: null, incident_id: 'INC-7' },
      { action: 'finding.escalated', key_id: key.id, incident_id: 'INC-7' },
      { action: 'incident.key_linked', key_id: key.id, incident_id: 'INC-7' },
    ]);
    expect(await admin.sql`select key_id from keyctl.incident_keys where incident_id = 'INC-7'`).toEqual([
      { key_id: key.id },
    ]);
    expect((await escalate('INC-7')).results).toMatchObject([
      { outcome: 'already_escalated' },
      { outcome: 'already_escalated' },
    ]);
    // The incident keeps it, whatever else is found.
    expect(await outcomes([newFinding(key, { severity: 'critical' })])).toEqual(['worsened']);
    expect((await stored(ids[0] ?? ''))?.status).toBe('escalated');
    await admin.sql`update keyctl.incidents set state = 'closed', closed_at = now() where incident_id = 'INC-7'`;
    await expect(escalate('INC-7')).rejects.toMatchObject({ exitCode: 4 });
  });

  it('a grave one goes on while its address is let in with a key of the family', async () => {
    const key = await seedKey(admin);
    const hours = (ago: number) => new Date(Date.now() - ago * hourMs).toISOString();
    const parts = { onset_at: hours(50), window_start: hours(50), window_end: hours(49) };
    const [grave, mild, over] = [
      newFinding(key, parts),
      newFinding(key, { ...parts, severity: 'medium', cause: 'mild' }),
      newFinding(key, { ...parts, ip: '203.0.113.5', cause: 'over' }),
    ];
    await record([grave, mild, over]);
    await seedUsage(admin, { keyId: key.id, times: 2, secondsAgo: 600, ip: '198.51.100.17' });
    await seedUsage(admin, { keyId: key.id, times: 2, secondsAgo: 60, ip: '203.0.113.5', status: 401 });
    await record([]);
    const seen = async (id: string) =>
      Math.round((Date.now() - ((await stored(id))?.lastSeenAt ?? 0)) / 60_000);
    expect([await seen(grave.finding_id), await seen(mild.finding_id), await seen(over.finding_id)]).toEqual([
      10,
      49 * 60,
      49 * 60,
    ]);
  });

  it('two that look at the same hour at once raise it once', async () => {
    const key = await seedKey(admin);
    const connections = await Promise.all([1, 2, 3, 4].map(() => database.connect('test_operator')));
    const answers = await Promise.all(
      connections.map((connection) =>
        connection.run({ sends: 'read' }, (db) =>
          recordFindings(db, change(), { findings: [newFinding(key)], judgedUntil: null }),
        ),
      ),
    );
    const all = answers.flatMap(({ results }) => results.map(({ outcome }) => outcome)).toSorted();
    expect(all).toEqual(['known', 'known', 'known', 'raised']);
  });

  it('refuses what is no finding', async () => {
    const key = await seedKey(admin);
    const backwards = newFinding(key, { window_end: '2020-01-01T00:00:00Z' });
    await expect(record([backwards])).rejects.toMatchObject({ exitCode: 2 });
    await expect(record(Array.from({ length: 101 }, () => newFinding(key)))).rejects.toMatchObject({
      exitCode: 2,
    });
  });
});
