import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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

  const partitions = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
    runCommand(['db', 'partitions', ...args], { database, role: 'test_operator', ...options });
  const tables = async () =>
    (await admin.sql`select name from keyctl.usage_partitions order by name`).map((row) => String(row.name));

  describe('db partitions', () => {
    it('says that there is none yet', async () => {
      const ran = await partitions([]);
      expect(ran.code).toBe(0);
      expect(ran.stdout).toContain('no partition in ');
    });

    it('--ahead makes the tables of this week and of those after it, once', async () => {
      const ran = await partitions(['--ahead', '2', '--json']);
      expect(ran.code).toBe(0);
      const { made, partitions: listed } = JSON.parse(ran.stdout);
      expect(made).toBe(6);
      expect(listed).toContainEqual({
        name: tableOf(daysAgo(-14)),
        holds: 'usage_events',
        from: `${weekOf(daysAgo(-14))}T00:00:00.000Z`,
        until: `${weekOf(daysAgo(-21))}T00:00:00.000Z`,
        rows_estimate: 0,
        bytes: expect.any(Number),
        would_drop: null,
      });
      expect(listed).toHaveLength(6);
      expect((await partitions(['--ahead', '2'])).stdout).toContain('✓ all of them were there');
    });

    it('lists rows and sizes for who may only read, counted where there is no estimate', async () => {
      await seedEvents(
        admin,
        [500, 100, 3].map((days) => ({ ts: daysAgo(days), key_id: key.id, id: randomUUID(), bytes: 10 })),
      );
      const ran = await partitions([], { role: 'test_viewer' });
      expect(ran.code).toBe(0);
      expect(ran.stdout).toMatch(
        new RegExp(`${tableOf(daysAgo(100))} +${weekOf(daysAgo(100))} +\\S+ +1 +\\d+ kB`),
      );
      expect(ran.stdout).toMatch(/\d+ partitions, about 3 rows, /);
      const csv = await partitions(['-o', 'csv']);
      expect(csv.stdout).toContain('name,holds,from,until,rows_estimate,bytes,would_drop');
      expect((await partitions(['-o', 'ids'])).stdout.split('\n')).toContain(tableOf(daysAgo(3)));
    });

    it('refuses what is no number of weeks (2), and who may make none (77)', async () => {
      expect((await partitions(['--ahead', 'many'])).code).toBe(2);
      expect((await partitions(['--ahead', '1'], { role: 'test_viewer' })).code).toBe(77);
    });
  });

  describe('db partitions --ahead --dry-run', () => {
    it('says how many would be made, and makes none', async () => {
      const before = await tables();
      const ran = await partitions(['--ahead', '5', '--dry-run', '--json'], { role: 'test_viewer' });
      expect(ran.code).toBe(0);
      expect(JSON.parse(ran.stdout)).toMatchObject({ dry_run: true, made: 6, keep_seconds: null });
      expect((await partitions(['--ahead', '5', '--dry-run'])).stdout).toContain(
        '6 partitions would be made\n',
      );
      expect(await tables()).toEqual(before);
    });
  });

  it('weeks are made of 168 hours, also by a session whose clock changes in them', async () => {
    const local = await database.connect('test_operator');
    await local.sql.unsafe(`set timezone to 'America/New_York'`);
    await local.sql`select keyctl.ensure_partitions('{2021-03-10,2021-03-17,2021-11-03,2021-11-10}')`;
    const found =
      await admin.sql`select extract(epoch from until_at - from_at)::int as seconds, count(*)::int as tables
      from keyctl.usage_partitions where from_at between '2021-01-01' and '2022-01-01' group by 1`;
    expect(found).toEqual([{ seconds: 604_800, tables: 8 }]);
  });

  describe('db partitions --keep', () => {
    it('marks exactly what retention would drop', async () => {
      const dropped = JSON.parse(
        (
          await runCommand(['db', 'retention', '--keep', '90d', '--dry-run', '--json'], {
            ...{ database, role: 'test_viewer' },
          })
        ).stdout,
      ).partitions.map(({ name }: { name: string }) => name);
      expect(dropped).toContain(tableOf(daysAgo(100)));
      const ran = await partitions(['--keep', '90d', '--json'], { role: 'test_viewer' });
      const answer = JSON.parse(ran.stdout);
      expect(answer).toMatchObject({ keep_seconds: 90 * 86_400, made: null, dry_run: false });
      const marked = answer.partitions.filter((each: { would_drop: boolean }) => each.would_drop);
      expect(marked.map(({ name }: { name: string }) => name)).toEqual(dropped);
      expect(marked.length).toBeLessThan(answer.partitions.length);
      const text = (await partitions(['--keep', '90d'])).stdout;
      expect(text).toMatch(new RegExp(`^${tableOf(daysAgo(100))} .*would drop$`, 'm'));
      expect(text).toMatch(new RegExp(`^${tableOf(daysAgo(3))} .*keeps$`, 'm'));
      expect(text).toMatch(/^older than 90 d as a whole: \d+ partitions, /m);
      expect((await partitions(['--keep', '20000d'])).stdout).toContain('none of them is older than 20000 d');
    });

    it('without it says nothing of that', async () => {
      expect((await partitions([])).stdout).not.toMatch(/drop|keeps|RETENTION/);
      const { partitions: listed } = JSON.parse((await partitions(['--json'])).stdout);
      expect(listed[0]).toMatchObject({ would_drop: null });
    });

    it.each(['34d', '0', 'always'])('refuses %s (2), as retention does', async (keep) => {
      const ran = await partitions(['--keep', keep]);
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain('--keep');
    });
  });

  describe('db partitions --attach', () => {
    const attach = (table: string, args: readonly string[] = [], options: Partial<FakeOptions> = {}) =>
      partitions(['--attach', table, ...args], { role: 'test_admin', ...options });
    const rows = async () =>
      await admin.sql`select seq::int, actor_db, record::jsonb -> 'details' as details, record::jsonb -> 'answer' as answer
        from keyctl.audit_log where action = 'db.partition_attached' order by seq`;
    const parts = async () =>
      (
        await admin.sql`select name from keyctl.usage_partitions where parent = 'usage_events' order by 1`
      ).map(({ name }) => String(name));
    /** A table as the help says how to make one, with two events of two weeks of 2019. */
    const prepare = async (name: string, like = 'including all') => {
      await admin.sql.unsafe(`create table ${name} (like keyctl.usage_events ${like})`);
      await admin.sql.unsafe(`insert into ${name} (ts, key_id, id, endpoint, status, bytes)
        values ('2019-05-07T10:00:00Z', '${key.id}', 'one', '/a', 200, 7), ('2019-05-13T00:00:00Z', '${key.id}', 'two', '/a', 403, 1)`);
    };
    const spoilt = 'public.spoilt';
    afterEach(async () => {
      await admin.sql.unsafe('drop table if exists public.spoilt, public.fine cascade');
    });

    it('--dry-run says which weeks it would be for, and changes nothing', async () => {
      await prepare('public.fine');
      const before = await parts();
      const ran = await attach('public.fine', ['--dry-run', '--json']);
      expect(ran.code).toBe(0);
      expect(JSON.parse(ran.stdout)).toEqual({
        ...{ dry_run: true, outcome: 'fits', name: 'fine', rows: 2, bytes: expect.any(Number) },
        ...{ from: '2019-05-06T00:00:00.000Z', until: '2019-05-20T00:00:00.000Z' },
      });
      const text = await attach('public.fine', ['--dry-run']);
      expect(text.stdout).toMatch(
        /^fine fits, and would be attached for 2019-05-06 until 2019-05-20: 2 events, /,
      );
      expect(await parts()).toEqual(before);
      expect(await rows()).toEqual([]);
    });

    it('makes it a part of usage, counts it with the next rollup, and leaves its row', async () => {
      await rollUpAll(admin);
      await prepare('keyctl."Usage 2019"');
      const operation = randomUUID();
      const again = ['--json', '--operation-id', operation];
      const ran = await attach('keyctl."Usage 2019"', again);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      const answer = JSON.parse(ran.stdout);
      expect(answer).toEqual({
        ...{ operation_id: operation, outcome: 'attached', name: 'Usage 2019', rows: 2 },
        ...{ from: '2019-05-06T00:00:00.000Z', until: '2019-05-20T00:00:00.000Z' },
        ...{ bytes: expect.any(Number), audit_seq: expect.any(Number) },
      });
      expect(await parts()).toContain('Usage 2019');
      expect(await rows()).toMatchObject([
        {
          ...{ seq: answer.audit_seq, actor_db: 'test_admin', details: { table: 'keyctl."Usage 2019"' } },
          answer: { outcome: 'attached', rows: 2 },
        },
      ]);
      const [found] =
        await admin.sql`select count(*)::int as events from keyctl.usage_events where ts < '2020-01-01'`;
      expect(found?.events).toBe(2);
      await rollUpAll(admin);
      expect(await storedRollups(admin)).toEqual(await rollupsOfEvents(admin));
      expect((await storedRollups(admin)).filter((row) => row.includes('2019-05-07'))).toHaveLength(1);
      // The same operation, and another one.
      expect(JSON.parse((await attach('keyctl."Usage 2019"', again)).stdout)).toEqual(answer);
      const other = await attach('keyctl."Usage 2019"');
      expect(other).toMatchObject({ code: 0 });
      expect(other.stdout).toContain('✓ Usage 2019 is attached already, for 2019-05-06 until 2019-05-20');
      expect(await rows()).toHaveLength(1);
    });

    it('whose weeks are then nobody else’s: late events of them go there, another table does not', async () => {
      await seedEvents(admin, [{ ts: '2019-05-09T00:00:00Z', key_id: key.id, id: 'late' }]);
      const [row] =
        await admin.sql`select tableoid::regclass::text as at from keyctl.usage_events where id = 'late'`;
      expect(row?.at).toBe('keyctl."Usage 2019"');
      await prepare('public.fine');
      const ran = await attach('public.fine');
      expect(ran).toMatchObject({ code: 4, stdout: '' });
      expect(ran.stderr).toContain(
        'is of the weeks from 2019-05-06 until 2019-05-20, and Usage 2019 holds some of them',
      );
      expect(ran.stderr).toContain('public.fine');
    });

    it('moves it to where usage is, moves its keys’ last use, and retention drops it', async () => {
      const used = await seedKey(admin);
      await prepare('public.fine');
      await admin.sql.unsafe(`update public.fine set ts = ts - interval '10 years', key_id = '${used.id}'`);
      const ran = await attach('public.fine');
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(ran.stdout).toMatch(
        /^✓ fine attached for 2009-05-04 until 2009-05-18: 2 events, .+ · audit \d+\n$/,
      );
      const [row] = await admin.sql`select to_regclass('keyctl.fine') is not null as here,
        (select last_used_at = '2009-05-07T10:00:00Z' from keyctl.api_keys where id = ${used.id}) as touched`;
      expect(row).toEqual({ here: true, touched: true });
      const dropped = await runCommand(['db', 'retention', '--keep', '400d', '--yes'], {
        ...{ database, role: 'test_admin' },
      });
      expect(dropped.code).toBe(0);
      expect(await parts()).not.toContain('fine');
    });

    it.each([
      ['a column that is missing', 'alter table X drop column model', 'it lacks the column model'],
      ['a column too many', 'alter table X add column secret text', 'it has a column of its own, secret'],
      [
        'a column of another type',
        'alter table X alter column bytes type numeric',
        'its column bytes is numeric instead of bigint',
      ],
      [
        'nulls',
        'alter table X alter column filed_xid drop not null',
        'its column filed_xid has to be not null',
      ],
      [
        'no primary key',
        'alter table X drop constraint spoilt_pkey',
        'it has no primary key (key_id, ts, id)',
      ],
      [
        'another primary key',
        'alter table X drop constraint spoilt_pkey; alter table X add primary key (ts, key_id, id)',
        'it has no primary key (key_id, ts, id)',
      ],
      ['no log', 'alter table X set unlogged', 'it is not logged'],
      ['rights of others', 'grant insert on X to test_operator', 'others have rights on it'],
      ['rights of others on a column', 'grant select (ip) on X to public', 'others have rights on it'],
      [
        'a trigger',
        'create trigger t before insert on X for each row execute function suppress_redundant_updates_trigger()',
        'it has triggers, rules or policies',
      ],
      ['a rule', 'create rule r as on insert to X do also select 1', 'it has triggers, rules or policies'],
      ['row security', 'alter table X enable row level security', 'it has triggers, rules or policies'],
      ['a check', 'alter table X add check (length(id) > 0)', 'it has checks, foreign keys'],
      ['a unique index', 'create unique index on X (id)', 'it has checks, foreign keys'],
      ['an index on an expression', 'create index on X (lower(id))', 'it has checks, foreign keys'],
      [
        'a foreign key',
        'alter table X add foreign key (key_id) references keyctl.api_keys (id)',
        'it has checks, foreign keys',
      ],
      ['a child', 'create table public.child () inherits (X)', 'is no table of its own'],
      ['no events', 'truncate X', 'is empty, and its events say which weeks it is for'],
      ['a stranger’s key', `update X set key_id = 'key_nobody'`, 'not registered here, such as key_nobody'],
      ['events of tomorrow', `update X set ts = now() + interval '9 days'`, 'before 2000 or after tomorrow'],
      [
        'events without end',
        `update X set ts = 'infinity' where id = 'one'`,
        'before 2000 or after tomorrow',
      ],
      [
        'endless endpoints',
        `drop index public.spoilt_key_id_ts_endpoint_ip_text_status_bytes_idx; update X set endpoint = repeat('x', 2001)`,
        '2 endpoints of more than 2,000 bytes',
      ],
    ])('refuses %s (2), says so, and changes nothing', async (_what, spoil, complaint) => {
      const before = [await parts(), await rows()];
      await prepare(spoilt);
      await admin.sql.unsafe(`update ${spoilt} set ts = ts - interval '9 years'`);
      await admin.sql.unsafe(spoil.replaceAll('X', spoilt));
      for (const flags of [[], ['--dry-run']]) {
        const ran = await attach(spoilt, flags);
        expect(ran).toMatchObject({ code: 2, stdout: '' });
        expect(ran.stderr).toContain(complaint);
        expect(ran.stderr).toContain(spoilt);
      }
      expect([await parts(), await rows()]).toEqual(before);
    });

    it('names everything that is wrong at once', async () => {
      await admin.sql.unsafe(`create unlogged table ${spoilt} (ts timestamptz, hint text)`);
      const ran = await attach(spoilt);
      expect(ran.code).toBe(2);
      for (const fault of [
        'column ts is timestamp with time zone instead of timestamp(6) with time zone',
        'lacks the column key_id',
        'column of its own, hint',
        'no primary key',
        'not logged',
      ])
        expect(ran.stderr).toContain(fault);
    });

    it('refuses what is nobody’s table (3) and what is no name of one (2)', async () => {
      for (const name of ['nowhere', 'public.nowhere', 'pg_temp.x']) {
        const ran = await attach(name);
        expect(ran).toMatchObject({ code: 3, stdout: '' });
        expect(ran.stderr).toContain('no table ');
      }
      for (const name of ['a.b.c', 'x; drop table y', '"', ' '])
        expect(await attach(name)).toMatchObject({ code: 2, stdout: '' });
      expect((await attach('keyctl.api_keys')).code).toBe(2);
      expect((await attach('keyctl.keys')).stderr).toContain('is no table of its own');
      expect((await attach('keyctl.usage_events')).stderr).toContain('is no table of its own');
    });

    it('refuses a table that somebody else could change (77), and who is no admin (77)', async () => {
      await prepare('public.fine');
      await admin.sql.unsafe('alter table public.fine owner to test_admin');
      const ran = await attach('public.fine');
      expect(ran).toMatchObject({ code: 77, stdout: '' });
      expect(ran.stderr).toContain('public.fine belongs to test_admin, and usage to ');
      expect((await attach('public.fine', [], { role: 'test_operator' })).code).toBe(77);
    });

    it('refuses a name that is taken where it has to go (4)', async () => {
      await prepare('public.fine');
      await admin.sql.unsafe(
        `update public.fine set ts = ts - interval '12 years'; create table keyctl.fine ()`,
      );
      const ran = await attach('public.fine');
      expect(ran).toMatchObject({ code: 4, stdout: '' });
      expect(ran.stderr).toContain('there is a keyctl.fine already: rename public.fine');
      await admin.sql.unsafe('drop table keyctl.fine');
    });

    it.each([
      ['--ahead', '1'],
      ['--keep', '400d'],
    ])('goes without %s (2)', async (...flags) => {
      const ran = await attach('public.fine', flags, {
        env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' },
      });
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain('--attach');
    });

    it('two at once attach it once, and both say so', async () => {
      await prepare('keyctl.both');
      await admin.sql.unsafe(`update keyctl.both set ts = ts - interval '7 years'`);
      const ran = await Promise.all([attach('keyctl.both', ['--json']), attach('keyctl.both', ['--json'])]);
      const outcomes = ran.map(({ stdout }) => JSON.parse(stdout).outcome).sort();
      expect(outcomes).toEqual(['already_attached', 'attached']);
    });
  });
});
