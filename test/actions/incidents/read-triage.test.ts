import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Context } from '../../../src/actions/context.js';
import { readTriage, readTriageDetail } from '../../../src/actions/incidents/read-triage.js';
import { readTriageUse } from '../../../src/actions/incidents/read-triage-use.js';
import type { Connection } from '../../../src/db/connect.js';
import { baselineForm } from '../../../src/domain/detect/baseline.js';
import { contextOn } from '../../support/context.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { seedFinding } from '../../support/seed-findings.js';
import { seedIncident } from '../../support/seed-incident.js';
import { type SeededKey, seedKey, seedUsage } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let viewer: Context;
let alice: SeededKey;
let dead: SeededKey;
let bob: SeededKey;
let carol: SeededKey;
const incidents: Record<'high' | 'critical' | 'closed' | 'later', string> = {
  ...{ high: '', critical: '', closed: '', later: '' },
};

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  viewer = await contextOn(database, { role: 'test_viewer' });
  alice = await seedKey(admin, { name: 'alice-prod', owner: 'alice@example.com' });
  dead = await seedKey(admin, { name: 'ci', status: 'revoked' });
  bob = await seedKey(admin, { name: 'sales_bob', owner: 'bob@example.com' });
  carol = await seedKey(admin, { name: 'carol' });
  const long = new Date(Date.now() - 3_600_000).toISOString();
  incidents.high = await seedIncident(admin, { severity: 'high', detectedAt: long });
  incidents.later = await seedIncident(admin, { severity: 'high' });
  incidents.critical = await seedIncident(admin, { severity: 'critical', keyIds: [alice.id, dead.id] });
  incidents.closed = await seedIncident(admin, { severity: 'critical', keyIds: [bob.id] });
  await admin.sql`update keyctl.incidents set state = 'closed', closed_at = clock_timestamp() where incident_id = ${incidents.closed}`;
  await seedUsage(admin, { keyId: alice.id, times: 20, secondsAgo: 5, ip: '198.51.100.17' });
  await seedUsage(admin, { keyId: alice.id, times: 10, secondsAgo: 5 });
  await admin.sql`insert into keyctl.incident_attempts (key_id, hour, ip, accepted, requests, first_at, last_at)
    values (${dead.id}, date_trunc('hour', clock_timestamp()), '198.51.100.17', false, 7, clock_timestamp(), clock_timestamp())`;
  const of = (key: SeededKey) => ({ keyId: key.id, familyId: key.familyId, family: 'auth' });
  // Of a key that is in an incident already; of one whose incident is closed; and what is not enough for one.
  await seedFinding(admin, { ...of(alice), weight: 0.95 });
  await seedFinding(admin, { ...of(bob), weight: 0.6 });
  await seedFinding(admin, { ...of(bob), weight: 0.6, family: 'origin' });
  await seedFinding(admin, { ...of(bob), weight: 0.9, status: 'dismissed', reason: 'a night batch' });
  await seedFinding(admin, { ...of(carol), weight: 0.6 });
  await seedFinding(admin, { ...of(carol), weight: 0.95, hoursAgo: 24 * 8 });
  await seedFinding(admin, { ip: '203.0.113.7', weight: 0.95, bits: 2 });
  await seedFinding(admin, { ip: '203.0.113.8', family: 'auth', weight: 0.9 });
});
afterAll(async () => {
  await viewer.db.close();
  await database.drop();
});

it('lists open incidents, worst first, then by what is due first, with clocks, keys and attempts', async () => {
  const { incidents: listed, readAt } = await readTriage(viewer);
  expect(listed.map(({ id }) => id)).toEqual([incidents.critical, incidents.high, incidents.later]);
  expect(listed[0]).toMatchObject({
    ...{ severity: 'critical', state: 'open', keysUsable: 1, keysDead: 1, refused: 7, accepted: 0 },
    ...{ phase: 'acknowledge', lead: null, title: 'key in public repo acme/app' },
  });
  expect(listed[0]?.dueAt).toBeGreaterThan(readAt);
  expect(listed[1]?.dueAt).toBeLessThan(readAt);
  expect(listed[1]?.clocks.map(({ phase }) => phase)).toEqual([
    ...['acknowledge', 'contain', 'investigate', 'recover', 'review'],
  ]);
});

it('names what should be an incident: a high risk that nobody dismissed and no open incident has', async () => {
  const { findings } = await readTriage(viewer);
  expect(findings.map(({ id, risk }) => [id, risk.risk])).toEqual([
    ['203.0.113.8', 90],
    [bob.id, 84],
  ]);
  expect(findings[1]).toMatchObject({ name: 'sales_bob', owner: 'bob@example.com', status: 'active' });
  expect(findings[0]).toMatchObject({ keyId: null, name: null });
});

it('of many findings of one key, the risk is that of all of them', async () => {
  for (let at = 0; at < 12; at += 1) {
    await seedFinding(admin, {
      keyId: carol.id,
      weight: 0.3 + at / 100,
      family: at % 2 === 0 ? 'volume' : 'time',
    });
  }
  // 1 - (1 - .4 - .25 x .38) (1 - .41 - .25 x .39) (1 - .6)
  const { findings } = await readTriage(viewer);
  expect(findings.find(({ id }) => id === carol.id)?.risk.risk).toBe(90);
});

it('shows what hangs on one: keys, attempts, the newest of the timeline, its playbook, what keeps it open', async () => {
  const detail = await readTriageDetail(viewer, incidents.critical);
  expect(detail.keys).toMatchObject([
    { keyId: alice.id, isUsable: true, deadSince: null },
    { keyId: dead.id, isUsable: false, refused: 7, deadSince: expect.any(Number) },
  ]);
  expect(detail.attempts).toMatchObject([
    { keyId: dead.id, ip: '198.51.100.17', requests: 7, accepted: false },
  ]);
  expect(detail.entries.map(({ action }) => action)).toEqual([
    ...['incident.key_linked', 'incident.key_linked', 'incident.opened'],
  ]);
  expect(detail.playbook).toMatchObject({ name: 'compromise', begun: false });
  expect(detail.playbook.steps[0]).toMatchObject({ name: 'identify', state: 'open', by: null });
  expect(detail.whole.detail.blockers).toContainEqual(expect.objectContaining({ key_id: alice.id }));
});

it('counts what its keys do now, new addresses only where it is known what is old', async () => {
  const keyIds = [alice.id, dead.id];
  const use = await readTriageUse(viewer, { id: incidents.critical, keyIds });
  expect(use.hours).toHaveLength(24);
  expect(use.hours.reduce((sum, requests) => sum + requests, 0)).toBe(30);
  expect(use.byKey.get(alice.id)).toEqual({ requestsPerMinute: 6, addresses: 2, newAddresses: null });
  expect(use.byKey.has(dead.id)).toBe(false);
  await admin.sql`insert into keyctl.usage_baselines (family_id, since, until, form, expected_requests, facts)
    values (${alice.familyId}, now() - interval '28 days', now(), ${baselineForm}, '{2}', '{"ips": {"192.0.2.10": 1}}')`;
  const again = await readTriageUse(viewer, { id: incidents.critical, keyIds });
  expect(again.byKey.get(alice.id)?.newAddresses).toBe(1);
});

it('of an incident that there is not, says so: exit 3', async () => {
  await expect(readTriageDetail(viewer, 'INC-999')).rejects.toMatchObject({ exitCode: 3 });
});
