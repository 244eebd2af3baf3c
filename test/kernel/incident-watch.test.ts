import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import type { Executor } from '../../src/db/kernel.js';
import { closeIncident, watchIncidents } from '../../src/db/kernel-incidents.js';
import { ingestClose, ingestOpen, ingestTake } from '../../src/db/kernel-ingest.js';
import { collectTouched } from '../../src/db/kernel-rollup.js';
import { incidentDetail } from '../../src/db/reads/incident-detail.js';
import { incidentRow } from '../../src/db/reads/incidents.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { incidentLog, seedIncident, testChange } from '../support/seed-incident.js';
import { type SeededKey, seedKey, seedUsage } from '../support/seed-keys.js';

describe.each(servers)('use of dead keys of incidents on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let operator: Connection;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    operator = await database.connect('test_operator');
  });
  afterAll(() => database.drop());

  const call = <T>(work: (db: Executor) => Promise<T>): Promise<T> => operator.run({ sends: 'read' }, work);
  const row = (id: string) => call((db) => incidentRow(db, id));
  const watch = () => call((db) => watchIncidents(db, testChange(), 500));
  const rollUp = async () => {
    await call(collectTouched);
    return await watch();
  };
  const close = (incidentId: string) =>
    call((db) => closeIncident(db, testChange(), { incidentId, override: null }));
  /** A key that died an hour ago, in an incident of its own. */
  const deadIn = async (
    state: 'contained' | 'closed',
    status: 'revoked' | 'replaced' | 'suspended' | 'expired' = 'revoked',
  ) => {
    const key = await seedKey(admin, { status });
    await admin.sql.unsafe(`set session_replication_role = replica;
      update keyctl.api_keys set revoked_at = case when revoked_at is not null then now() - interval '1 hour' end,
        suspended_at = case when suspended_at is not null then now() - interval '1 hour' end where id = '${key.id}';
      set session_replication_role = origin`);
    const id = await seedIncident(admin, { severity: 'low', keyIds: [key.id] });
    if (state === 'closed') await close(id);
    await watch();
    return { key, id };
  };
  const use = (key: SeededKey, status: number, more: Partial<Parameters<typeof seedUsage>[1]> = {}) =>
    seedUsage(admin, { keyId: key.id, times: 3, secondsAgo: 60, status, ip: '198.51.100.17', ...more });
  const rows = async (id: string) =>
    (await incidentLog(admin, id)).filter((each) => /attempts_seen|reopened/.test(each.action));

  it.each(['revoked', 'replaced', 'suspended', 'expired'] as const)(
    'a closed incident is open again when its %s key is let in, and says so',
    async (status) => {
      const { key, id } = await deadIn('closed', status);
      await use(key, 200);
      const news = await rollUp();
      expect(news.reopened).toMatchObject([
        { incident_id: id, key_id: key.id, ips: ['198.51.100.17'], requests: 3, severity: 'low' },
      ]);
      expect(await row(id)).toMatchObject({
        state: 'open',
        closed_at: null,
        contained_at: null,
        accepted_attempts: 3,
        next_clock: 'acknowledge',
      });
      expect((await rows(id)).map((each) => [each.action, each.key_id])).toEqual([
        ['incident.attempts_seen', key.id],
        ['incident.reopened', key.id],
      ]);
      expect((await rollUp()).reopened).toEqual([]);
    },
  );

  it('refused attempts reopen nothing; each new address is written down once', async () => {
    const { key, id } = await deadIn('closed');
    await use(key, 401);
    expect(await rollUp()).toMatchObject({
      reopened: [],
      attempts: [
        { incident_id: id, key_id: key.id, refused: 3, accepted: 0, ips: ['198.51.100.17'], new_ips: 1 },
      ],
    });
    await use(key, 403, { times: 2, secondsAgo: 20 });
    expect((await rollUp()).attempts).toEqual([]);
    await use(key, 401, { ip: '203.0.113.9' });
    expect((await rollUp()).attempts).toMatchObject([{ ips: ['203.0.113.9'], new_ips: 1 }]);
    expect(await row(id)).toMatchObject({ state: 'closed', refused_attempts: 8, accepted_attempts: 0 });
    expect(await rows(id)).toHaveLength(2);
    const detail = await call((db) => incidentDetail(db, id));
    expect(detail?.attempts).toMatchObject([
      { ip: '198.51.100.17', accepted: false, requests: 5 },
      { ip: '203.0.113.9', accepted: false, requests: 3 },
    ]);
    expect(detail?.keys).toMatchObject([{ key_id: key.id, status: 'revoked', refused: 8, accepted: 0 }]);
  });

  it('what was let in before the death is no attempt', async () => {
    const { key, id } = await deadIn('closed');
    await use(key, 200, { secondsAgo: 3700 });
    expect(await rollUp()).toMatchObject({ reopened: [], attempts: [] });
    expect(await row(id)).toMatchObject({ state: 'closed', accepted_attempts: 0 });
  });

  it('an incident that is open notes it and stays as it is', async () => {
    const { key, id } = await deadIn('contained');
    await use(key, 200);
    expect(await rollUp()).toMatchObject({ reopened: [], attempts: [{ accepted: 3 }] });
    expect(await row(id)).toMatchObject({ state: 'contained', accepted_attempts: 3 });
  });

  it('a key of two incidents speaks up in both', async () => {
    const { key, id } = await deadIn('closed');
    const other = await seedIncident(admin, { severity: 'low', keyIds: [key.id] });
    await use(key, 200);
    const news = await rollUp();
    expect(news.reopened.map((each) => each.incident_id)).toEqual([id]);
    expect(await rows(other)).toHaveLength(1);
    expect(await rows(id)).toHaveLength(2);
  });

  it('what was tried before a dead key was linked is found too', async () => {
    const key = await seedKey(admin, { status: 'expired' });
    await use(key, 401);
    await rollUp();
    const id = await seedIncident(admin, { keyIds: [key.id] });
    await watch();
    expect(await row(id)).toMatchObject({ refused_attempts: 3 });
  });

  it('a hundred addresses are one row, which names twenty', async () => {
    const { key, id } = await deadIn('contained');
    for (let n = 1; n <= 25; n += 1) await use(key, 401, { ip: `192.0.2.${n}`, times: 1 });
    expect((await rollUp()).attempts).toMatchObject([{ new_ips: 25 }]);
    const [written] = await rows(id);
    expect(written?.details).toMatchObject({ new_ip_count: 25, refused: 25 });
    expect(written?.details.new_ips).toHaveLength(20);
  });

  it('an ingest that brings it reopens the incident with its last statement, and repeats that it did', async () => {
    const { key, id } = await deadIn('closed');
    const runId = randomUUID();
    const inbox = await call((db) => ingestOpen(db, runId));
    await operator.sql.unsafe(`insert into keyctl.${inbox}_1 (ts, presented, id, status, ip, ip_text)
      values (now() - interval '5 minutes', '${key.id}', 'e1', 200, '198.51.100.17', '198.51.100.17')`);
    await call((db) => ingestTake(db, { runId, lane: 1 }));
    expect(await row(id)).toMatchObject({ state: 'closed' });
    const report = { source: 'a.log', complete: true, rejected_by_cause: {}, exposed: [] };
    const operation = testChange(runId);
    const closed = await call((db) => ingestClose(db, operation, { runId, report }));
    expect(closed.incidents?.reopened).toMatchObject([{ incident_id: id, key_id: key.id, requests: 1 }]);
    expect(await row(id)).toMatchObject({ state: 'open' });
    expect((await call((db) => ingestClose(db, operation, { runId, report }))).incidents).toEqual(
      closed.incidents,
    );
  });

  it('two at once share the hours, and nothing is said twice', async () => {
    const all = [await deadIn('closed'), await deadIn('closed'), await deadIn('closed')];
    for (const { key } of all) await use(key, 200);
    await call(collectTouched);
    const second = await database.connect('test_operator');
    const both = await Promise.all([
      watch(),
      second.run({ sends: 'read' }, (db) => watchIncidents(db, testChange(), 500)),
    ]);
    const reopened = both.flatMap((each) => each.reopened.map((one) => one.incident_id)).sort();
    expect(reopened).toEqual(all.map((each) => each.id).sort());
    const left = await admin.sql`select from keyctl.incident_watch`;
    expect(left).toHaveLength(0);
  });
});
