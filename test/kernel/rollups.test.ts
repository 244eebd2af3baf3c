import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import {
  rollUpAll,
  rollupsOfEvents,
  spentByEvents,
  spentByKernel,
  storedRollups,
} from '../support/rollup-oracle.js';
import { type EventSeed, seedCrowd, seedEvents } from '../support/seed-events.js';
import { seedKey } from '../support/seed-keys.js';

const hourMs = 3_600_000;
const now = Date.now();
const at = (hoursAgo: number, minute = 0) =>
  new Date(Math.floor(now / hourMs) * hourMs - hoursAgo * hourMs + minute * 60_000).toISOString();

describe.each(servers)('rollups on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let family: string;
  let keys: string[];
  let number = 0;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    const first = await seedKey(admin);
    const second = await seedKey(admin, { status: 'replaced' });
    await admin.sql`update keyctl.api_keys set family_id = ${first.id}, version = 2 where id = ${second.id}`;
    const other = await seedKey(admin);
    keys = [first.id, second.id, other.id];
    family = first.id;
  });
  afterEach(async () => {
    await admin.sql.unsafe('truncate keyctl.usage_events, keyctl.usage_hours, keyctl.usage_touched');
    await admin.sql.unsafe('update keyctl.rollup_state set seen = null, cluster = null, collected_at = null');
  });
  afterAll(() => database.drop());

  const event = (hoursAgo: number, more: Partial<EventSeed> = {}): EventSeed => {
    number += 1;
    return {
      ...{
        ts: at(hoursAgo, 10),
        key_id: keys[0] as string,
        id: `e${number}`,
        endpoint: '/v1/runs',
        status: 200,
      },
      ...{ ip_text: '192.0.2.1', bytes: 100, tokens: 3, cost_usd: 0.25, ...more },
    };
  };
  const agree = async () => expect(await storedRollups(admin)).toEqual(await rollupsOfEvents(admin));

  it('equal the events after every rollup, and the month’s sums equal them at every moment, whatever came late or twice', async () => {
    const anEvent = fc.record({
      key: fc.integer({ min: 0, max: 2 }),
      hoursAgo: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.integer({ min: 0, max: 900 })),
      minute: fc.integer({ min: 0, max: 59 }),
      endpoint: fc.constantFrom('/v1/runs', '/v1/exports', '', null, 'a "quoted" \\ one'),
      ip: fc.constantFrom('192.0.2.1', '2001:db8::1', 'AWS Internal', null),
      status: fc.constantFrom(200, 204, 400, 401, 403, 429, 500, null),
      bytes: fc.constantFrom(0, 1, 4096, undefined),
      tokens: fc.constantFrom(7, undefined),
    });
    const step = fc.oneof(
      fc.array(anEvent, { maxLength: 12 }).map((events) => ({ kind: 'file' as const, events })),
      fc
        .record({ hoursAgo: fc.integer({ min: 0, max: 4 }), events: fc.integer({ min: 250, max: 400 }) })
        .map((crowd) => ({ kind: 'crowd' as const, crowd })),
      fc.constant({ kind: 'again' as const }),
      fc.constant({ kind: 'collect' as const }),
      fc.constant({ kind: 'rollup' as const }),
    );
    const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      await admin.sql.unsafe('truncate keyctl.usage_events, keyctl.usage_hours, keyctl.usage_touched');
      await admin.sql.unsafe('update keyctl.rollup_state set seen = null, collected_at = null');
      let filed: EventSeed[] = [];
      for (const each of steps) {
        if (each.kind === 'file') {
          filed = each.events.map(({ key, hoursAgo, minute, ip, bytes, tokens, ...rest }) =>
            event(0, {
              ...{ ts: at(hoursAgo, minute), key_id: keys[key] as string, ip_text: ip, ...rest },
              ...{ bytes: bytes as number, tokens: tokens as number },
            }),
          );
          await seedEvents(admin, filed);
        } else if (each.kind === 'crowd')
          // So many that the whole hour is remade at once.
          await seedCrowd(admin, { keys, hour: at(each.crowd.hoursAgo), events: each.crowd.events });
        else if (each.kind === 'again')
          // The gateway's way in: what comes again counts once.
          await admin.sql`select keyctl.record_usage(${JSON.stringify(filed)}::text::jsonb)`;
        else if (each.kind === 'collect') await admin.sql`select keyctl.collect_touched()`;
        else {
          await rollUpAll(admin);
          await agree();
        }
        for (const moment of [new Date(now).toISOString(), at(2, 30), at(0), at(700)])
          expect(await spentByKernel(admin, family, moment)).toBe(
            await spentByEvents(admin, keys.slice(0, 2), moment),
          );
      }
    });
    await fc.assert(property, { numRuns: 25 });
  });

  it('take in an event whose transaction began before a rollup and ended after it', async () => {
    await seedEvents(admin, [event(5)]);
    const gateway = await database.connect('test_gateway');
    await gateway.sql.unsafe('begin');
    await gateway.sql`insert into keyctl.usage_events (ts, key_id, id) values (${at(5, 20)}::text::timestamptz, ${keys[0] ?? ''}, 'late commit')`;
    await seedEvents(admin, [event(4)]);
    expect(await rollUpAll(admin)).toBe(2);
    await gateway.sql.unsafe('commit');
    expect(await spentByKernel(admin, family, new Date(now).toISOString())).toBe(
      await spentByEvents(admin, keys, new Date(now).toISOString()),
    );
    expect(await rollUpAll(admin)).toBe(1);
    await agree();
    expect(await rollUpAll(admin)).toBe(0);
  });

  it('remake nothing again while an old transaction stays open', async () => {
    const holder = await database.connect();
    await holder.sql.unsafe('begin');
    await holder.sql`select pg_current_xact_id()`;
    await seedEvents(admin, [event(5)]);
    expect(await rollUpAll(admin)).toBe(1);
    expect(await rollUpAll(admin)).toBe(0);
    await holder.sql.unsafe('rollback');
  });

  it.each([
    ['key by key', 1],
    ['whole', 300],
  ])('lose no event that comes while its hour is being remade, %s', async (how, events) => {
    await seedCrowd(admin, { keys: [keys[0] as string], hour: at(5), events });
    await admin.sql`select keyctl.collect_touched()`;
    // The three steps of roll_up_hours one by one: the event comes after the second.
    const slow = await database.connect();
    await slow.sql.unsafe('begin');
    await slow.sql.unsafe('select from keyctl.usage_touched for update');
    const only = how === 'whole' ? null : JSON.stringify([keys[0]]);
    await slow.sql`select keyctl.remake_hours(
      (select array_agg(k) from jsonb_array_elements_text(${only}::text::jsonb) k), array[${at(5)}::text::timestamptz], ${how === 'whole'})`;
    await seedEvents(admin, [event(5, { status: 500 })]);
    const collecting = admin.sql`select keyctl.collect_touched() as queued`.execute();
    const watcher = await database.connect();
    const waits = async () =>
      (
        await watcher.sql`select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      )[0]?.n;
    await expect.poll(waits, { timeout: 20_000 }).toBe(1);
    await slow.sql.unsafe('delete from keyctl.usage_touched');
    await slow.sql.unsafe('commit');
    expect((await collecting)[0]?.queued).toBe('1');
    expect(await rollUpAll(admin)).toBe(1);
    await agree();
  });

  it('read an hour whole where much of it is new, and look keys up where little is', async () => {
    const crowd = (hoursAgo: number, events: number) =>
      seedCrowd(admin, { keys, hour: at(hoursAgo), events });
    const queue = async () => {
      await admin.sql`select keyctl.collect_touched()`;
      return await admin.sql`select keys is null as whole, cardinality(keys) as keys, filed::int, rolled::int from keyctl.usage_touched order by hour`;
    };
    await crowd(5, 255);
    await crowd(4, 256);
    expect(await queue()).toEqual([
      { whole: false, keys: 3, filed: 255, rolled: 0 },
      { whole: true, keys: null, filed: 256, rolled: 0 },
    ]);
    await crowd(5, 1537);
    await seedEvents(admin, [event(4), event(3, { key_id: keys[2] as string }), event(3), event(3)]);
    expect(await queue()).toEqual([
      { whole: true, keys: null, filed: 1792, rolled: 0 },
      { whole: true, keys: null, filed: 257, rolled: 0 },
      { whole: false, keys: 2, filed: 3, rolled: 0 },
    ]);
    expect(await rollUpAll(admin)).toBe(8);
    await agree();
    await crowd(5, 256);
    expect(await queue()).toEqual([{ whole: true, keys: null, filed: 256, rolled: 1792 }]);
    expect(await rollUpAll(admin)).toBe(3);
    await crowd(5, 292);
    expect(await queue()).toEqual([{ whole: false, keys: 3, filed: 292, rolled: 0 }]);
    expect(await rollUpAll(admin)).toBe(3);
    await agree();
  });

  it('are right where an hour that was taken for new has rows already', async () => {
    await seedCrowd(admin, { keys, hour: at(5), events: 300 });
    await rollUpAll(admin);
    await seedCrowd(admin, { keys, hour: at(5), events: 300 });
    await admin.sql`select keyctl.collect_touched()`;
    await admin.sql`update keyctl.usage_touched set rolled = 0`;
    expect(await rollUpAll(admin)).toBe(3);
    await agree();
  });

  it('are shared by two at once, and neither waits for the other', async () => {
    await seedEvents(
      admin,
      [1, 2, 3, 4, 5, 6].map((hoursAgo) => event(hoursAgo)),
    );
    await admin.sql`select keyctl.collect_touched()`;
    const one = await database.connect('test_operator');
    await one.sql.unsafe('begin');
    expect((await one.sql`select keyctl.roll_up_hours(4) as hours`)[0]?.hours).toBe(4);
    const two = await database.connect('test_operator');
    expect((await two.sql`select keyctl.roll_up_hours(4) as hours`)[0]?.hours).toBe(2);
    expect((await two.sql`select keyctl.roll_up_hours(4) as hours`)[0]?.hours).toBe(0);
    await one.sql.unsafe('commit');
    await agree();
  });

  it('lose and double nothing when the session is ended in the middle of collecting or remaking', async () => {
    await seedEvents(
      admin,
      [1, 2, 3, 4].map((hoursAgo) => event(hoursAgo)),
    );
    for (const call of ['keyctl.collect_touched()', 'keyctl.roll_up_hours(3)']) {
      const doomed = await database.connect('test_operator');
      await doomed.sql.unsafe('begin');
      await doomed.sql.unsafe(`select ${call}`);
      const [row] = await doomed.sql`select pg_backend_pid() as pid`;
      const ended = doomed.sql`select pg_sleep(60)`.execute().catch(() => 'ended');
      await admin.sql`select pg_terminate_backend(${Number(row?.pid)}, 10000)`;
      expect(await ended).toBe('ended');
      expect(await storedRollups(admin)).toEqual([]);
      await admin.sql`select keyctl.collect_touched()`;
    }
    expect(await rollUpAll(admin)).toBe(4);
    await agree();
    await seedEvents(admin, [event(2)]);
    expect(await rollUpAll(admin)).toBe(1);
    await agree();
  });

  it('are made anew after a restore on another server, whose transactions count from the beginning', async () => {
    await seedEvents(admin, [event(5), event(6)]);
    await rollUpAll(admin);
    await admin.sql`delete from keyctl.usage_events where ts < ${at(5)}::text::timestamptz`;
    await admin.sql`update keyctl.rollup_state set cluster = 1, seen = '999999999:999999999:'`;
    await seedEvents(admin, [event(5)]);
    expect(await rollUpAll(admin)).toBe(1);
    await admin.sql`delete from keyctl.usage_hours where hour < ${at(5)}::text::timestamptz`;
    await agree();
    expect(await rollUpAll(admin)).toBe(0);
  });

  it('drop the row of an hour whose events are gone', async () => {
    await seedEvents(admin, [event(5), event(6)]);
    await rollUpAll(admin);
    await admin.sql`delete from keyctl.usage_events where ts < ${at(5)}::text::timestamptz`;
    await admin.sql`insert into keyctl.usage_touched (hour, keys, filed) select hour, array[key_id], 1 from keyctl.usage_hours`;
    expect(await rollUpAll(admin)).toBe(2);
    await agree();
    expect(await storedRollups(admin)).toHaveLength(1);
    // The whole hour, and an hour of which nothing was known.
    await admin.sql`delete from keyctl.usage_events`;
    await admin.sql`insert into keyctl.usage_touched (hour, filed, rolled) values (${at(6)}::text::timestamptz, 1, 0), (${at(5)}::text::timestamptz, 1, 1)`;
    expect(await rollUpAll(admin)).toBe(2);
    expect(await storedRollups(admin)).toEqual([]);
  });

  it('say how far they reach: the open hour is not closed, a queued hour not yet exact', async () => {
    const [before] =
      await admin.sql`select collected_at, rolled_until, queued_hours::int as queued from keyctl.rollup_status`;
    expect(before).toMatchObject({ collected_at: null, rolled_until: null, queued: 0 });
    await seedEvents(admin, [event(0), event(7)]);
    await admin.sql`select keyctl.collect_touched()`;
    const reach = async () =>
      (
        await admin.sql`select rolled_until = ${at(7)}::text::timestamptz as at_queued,
          rolled_until = date_trunc('hour', collected_at, 'UTC') as at_open_hour, queued_hours::int as queued from keyctl.rollup_status`
      )[0];
    expect(await reach()).toEqual({ at_queued: true, at_open_hour: false, queued: 2 });
    await rollUpAll(admin);
    expect(await reach()).toEqual({ at_queued: false, at_open_hour: true, queued: 0 });
  });

  it('cannot be told by a gateway which transaction filed an event', async () => {
    const gateway = await database.connect('test_gateway');
    await seedEvents(admin, [event(1)]);
    const hidden = gateway.sql`insert into keyctl.usage_events (ts, key_id, id, filed_xid) values (${at(1, 5)}::text::timestamptz, ${keys[0] ?? ''}, 'hidden', 0)`;
    await expect(hidden).rejects.toMatchObject({ code: '42501' });
    const viewer = await database.connect('test_viewer');
    for (const call of [
      'keyctl.collect_touched()',
      'keyctl.roll_up_hours(1)',
      'keyctl.remake_hours(null, null, true)',
    ])
      await expect(viewer.sql.unsafe(`select ${call}`)).rejects.toMatchObject({ code: '42501' });
  });
});
