import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { type BundleRecord, recordBundle } from '../../src/db/kernel-bundle.js';
import { freshDatabase, servers, type TestDatabase, type TestRole } from '../support/postgres.js';
import { incidentLog, seedIncident, testChange } from '../support/seed-incident.js';

const bundle: BundleRecord = {
  ...{
    sha256: 'ab'.repeat(32),
    bytes: 900,
    events: 3,
    first_seq: 1,
    last_seq: 3,
    signed_by: 'name+0011+key',
  },
  ...{ since: '2026-11-20T00:00:00.000Z', until: '2026-11-21T00:00:00.000Z' },
};

describe.each(servers)('bundles in the kernel of PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let incidentId: string;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    incidentId = await seedIncident(admin);
  });
  afterAll(() => database.drop());

  const recordAs = async (
    role: TestRole,
    given: unknown = bundle,
    { operationId = randomUUID() as string, id = incidentId } = {},
  ) => {
    const connection = await database.connect(role);
    return await connection.run({ sends: 'read' }, (db) =>
      recordBundle(db, testChange(operationId), { incidentId: id, bundle: given as BundleRecord }),
    );
  };
  const bundled = async () =>
    (await incidentLog(admin, incidentId)).filter(({ action }) => action === 'incident.bundled');

  it.each(['test_auditor', 'test_operator', 'test_admin'] as const)('%s writes one down', async (role) => {
    const answer = await recordAs(role);
    expect(answer).toMatchObject({ outcome: 'bundled', repeated: false, incident_id: incidentId });
    expect(await bundled()).toContainEqual({
      ...{ action: 'incident.bundled', key_id: null, reason: null, details: bundle },
    });
  });

  it.each(['test_viewer', 'test_gateway'] as const)('%s may not', async (role) => {
    const before = await bundled();
    await expect(recordAs(role)).rejects.toMatchObject({ exitCode: 77 });
    expect(await bundled()).toEqual(before);
  });

  it('the same operation again gets the first answer, also of three at once', async () => {
    const operationId = randomUUID();
    const before = (await bundled()).length;
    const answers = await Promise.all([1, 2, 3].map(() => recordAs('test_auditor', bundle, { operationId })));
    expect(new Set(answers.map((answer) => answer.audit_seq)).size).toBe(1);
    expect(answers.filter((answer) => !answer.repeated)).toHaveLength(1);
    expect((await bundled()).length).toBe(before + 1);
  });

  it('one of a closed incident is written down too, and one of none is not (3)', async () => {
    const id = await seedIncident(admin, { severity: 'low' });
    await admin.sql`select keyctl.close_incident(${randomUUID()}::uuid, '{}', ${id}, 'closed by a test of bundles')`;
    expect(await recordAs('test_operator', bundle, { id })).toMatchObject({ outcome: 'bundled' });
    await expect(recordAs('test_operator', bundle, { id: 'INC-999' })).rejects.toMatchObject({ exitCode: 3 });
  });

  it.each<[what: string, change: Record<string, unknown>]>([
    ['a sum that is none', { sha256: 'ab' }],
    ['no sum', { sha256: null }],
    ['a negative count', { events: -1 }],
    ['no size', { bytes: null }],
    ['rows that end before they begin', { first_seq: 4 }],
    ['rows from nowhere', { first_seq: 0 }],
    ['no last row', { last_seq: null }],
    ['a time that ends before it begins', { until: '2026-11-19T00:00:00.000Z' }],
    ['no time', { since: null }],
    ['a key that is too long for one', { signed_by: 'x'.repeat(301) }],
    ['a field of somebody else', { token: 'x' }],
  ])('refuses %s (2), and writes nothing', async (_what, change) => {
    const before = await bundled();
    await expect(recordAs('test_auditor', { ...bundle, ...change })).rejects.toMatchObject({ exitCode: 2 });
    expect(await bundled()).toEqual(before);
  });
});
