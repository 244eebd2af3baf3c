import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';
import { rollUpAll, rollupsOfEvents, storedRollups } from '../../support/rollup-oracle.js';
import { seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

const dayMs = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * dayMs).toISOString();
/** The table of the week that holds the moment. */
const weekOf = (at: string) => {
  const day = Date.parse(at.slice(0, 10));
  const monday = new Date(day - ((new Date(day).getUTCDay() + 6) % 7) * dayMs);
  return monday.toISOString().slice(0, 10);
};
const tableOf = (at: string, parent = 'usage_events') => `${parent}_${weekOf(at).replaceAll('-', '')}`;

describe.each(servers)('on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let key: SeededKey;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    key = await seedKey(admin);
  });
  afterAll(() => database.drop());

  const retention = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
    runCommand(['db', 'retention', ...args], { database, role: 'test_admin', ...options });
  const tables = async () =>
    (await admin.sql`select name from keyctl.usage_partitions order by name`).map((row) => String(row.name));
  const audit = async () =>
    await admin.sql`select seq::int, actor_db, record::jsonb -> 'details' as details, record::jsonb -> 'answer' as answer
      from keyctl.audit_log where action = 'db.retention_applied' order by seq`;
  /** Events of 500, 100 and 3 days ago, rolled up. */
  const history = async () => {
    await seedEvents(
      admin,
      [500, 100, 3].map((days) => ({ ts: daysAgo(days), key_id: key.id, id: randomUUID(), bytes: 10 })),
    );
    await rollUpAll(admin);
  };

  describe('db retention', () => {
    it('--dry-run shows what would go, and changes nothing', async () => {
      await history();
      const before = await tables();
      const ran = await retention(['--keep', '400d', '--dry-run', '--json'], { role: 'test_viewer' });
      expect(ran.code).toBe(0);
      expect(JSON.parse(ran.stdout)).toEqual({
        dry_run: true,
        keep_seconds: 400 * 86_400,
        partitions: [
          expect.objectContaining({ name: tableOf(daysAgo(500)), rows_estimate: expect.any(Number) }),
          expect.objectContaining({ name: tableOf(daysAgo(500), 'stray_events'), holds: 'stray_events' }),
        ],
      });
      const text = await retention(['--keep', '400d', '--dry-run']);
      expect(text.stdout).toContain('the audit log stays whole');
      expect(text.stdout).toContain(tableOf(daysAgo(500)));
      expect(await tables()).toEqual(before);
      expect(await audit()).toEqual([]);
    });

    it('asks for the number of partitions, and does nothing when another one is typed (5)', async () => {
      const before = await tables();
      const options = { terminal: true as const, answers: [['Type 2 to drop them', '3']] as const };
      expect((await retention(['--keep', '400d'], options)).code).toBe(5);
      expect((await retention(['--keep', '400d'])).code).toBe(5);
      expect(await tables()).toEqual(before);
    });

    it('drops whole old partitions and their rollups, nothing younger and no audit, and leaves its row', async () => {
      const before = await tables();
      const [{ n: rows } = { n: 0 }] = await admin.sql`select count(*)::int as n from keyctl.audit_log`;
      const options = { terminal: true as const, answers: [['Type 2 to drop them', '2']] as const };
      const ran = await retention(['--keep', '400d'], options);
      expect(ran.code).toBe(0);
      expect(ran.stdout).toContain('✓ 2 partitions dropped');
      expect(ran.stdout).toContain('and 1 rollup: usage before');
      const gone = [tableOf(daysAgo(500)), tableOf(daysAgo(500), 'stray_events')];
      expect(await tables()).toEqual(before.filter((name) => !gone.includes(name)));
      expect(await storedRollups(admin)).toEqual(await rollupsOfEvents(admin));
      expect((await storedRollups(admin)).length).toBeGreaterThan(0);
      expect(await audit()).toMatchObject([
        {
          ...{ seq: rows + 1, actor_db: 'test_admin', details: { keep_seconds: 400 * 86_400 } },
          answer: { outcome: 'dropped', hours: 1, partitions: gone.map((name) => ({ name })) },
        },
      ]);
    });

    it('with nothing left to drop says so, and writes nothing down', async () => {
      const ran = await retention(['--keep', '400d', '--yes', '--json']);
      expect(ran.code).toBe(0);
      expect(JSON.parse(ran.stdout)).toMatchObject({
        outcome: 'nothing_to_drop',
        partitions: [],
        hours: 0,
        audit_seq: null,
      });
      expect(await audit()).toHaveLength(1);
      expect((await retention(['--keep', '400d'], { terminal: true })).stdout).toContain('nothing to drop');
    });

    it('under the same operation id answers the first outcome, also when there is more to drop by now', async () => {
      await history();
      const again = ['--keep', '400d', '--yes', '--json', '--operation-id', randomUUID()];
      const first = JSON.parse((await retention(again)).stdout);
      expect(first.partitions).toHaveLength(2);
      await history();
      expect(JSON.parse((await retention(again)).stdout)).toEqual(first);
      expect(await tables()).toContain(tableOf(daysAgo(500)));
    });

    it('ended in the middle has dropped nothing, and does it the next time', async () => {
      await history();
      const before = await tables();
      const doomed = await database.connect('test_admin');
      await doomed.sql.unsafe('begin');
      await doomed.sql`select keyctl.drop_usage_before(${randomUUID()}::uuid, '{}', interval '400 days')`;
      const [row] = await doomed.sql`select pg_backend_pid() as pid`;
      const ended = doomed.sql`select pg_sleep(60)`.execute().catch(() => 'ended');
      await admin.sql`select pg_terminate_backend(${Number(row?.pid)}, 10000)`;
      expect(await ended).toBe('ended');
      expect(await tables()).toEqual(before);
      expect((await retention(['--keep', '400d', '--yes'])).stdout).toContain('2 partitions dropped');
      expect(await storedRollups(admin)).toEqual(await rollupsOfEvents(admin));
    });

    it('keeps a partition whole that reaches into the time to be kept, and the rollups of it', async () => {
      await admin.sql.unsafe(
        `create table keyctl.usage_by_hand (like keyctl.usage_events including defaults including constraints)`,
      );
      const [from, until] = [weekOf(daysAgo(700)), weekOf(daysAgo(300))];
      await admin.sql.unsafe(
        `alter table keyctl.usage_events attach partition keyctl.usage_by_hand for values from ('${from}') to ('${until}')`,
      );
      await admin.sql`insert into keyctl.usage_events (ts, key_id, id) values (${daysAgo(600)}::text::timestamptz, ${key.id}, 'by hand')`;
      await rollUpAll(admin);
      await retention(['--keep', '400d', '--yes']);
      expect(await tables()).toContain('usage_by_hand');
      expect(await storedRollups(admin)).toEqual(await rollupsOfEvents(admin));
    });

    it('refuses a short or unreadable time (2), who is no admin (77), and asks who can be asked (5)', async () => {
      for (const keep of ['34d', '0', 'always']) {
        const ran = await retention(['--keep', keep, '--yes']);
        expect(ran.code).toBe(2);
        expect(ran.stderr).toContain('--keep');
      }
      expect((await retention(['--yes'])).code).toBe(2);
      expect((await retention(['--keep', '400d', '--yes'], { role: 'test_operator' })).code).toBe(77);
      await expect(
        admin.sql`select keyctl.drop_usage_before(${randomUUID()}::uuid, '{}', interval '1 day')`,
      ).rejects.toMatchObject({ code: 'KC422' });
    });
  });
});
