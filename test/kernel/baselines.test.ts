import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connect.js';
import { freshDatabase, servers, type TestDatabase } from '../support/postgres.js';
import { rollUpAll } from '../support/rollup-oracle.js';
import { dice, seedEvents } from '../support/seed-events.js';
import { type SeededKey, seedKey } from '../support/seed-keys.js';

const hourMs = 3_600_000;
const thisHour = Math.floor(Date.now() / hourMs) * hourMs;

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(at)] ?? 0)
    : ((sorted[at - 1] ?? 0) + (sorted[at] ?? 0)) / 2;
}

describe.each(servers)('baselines on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let old: SeededKey;
  let key: SeededKey;
  /** Requests and bytes by the start of their hour. */
  const counts = new Map<number, { n: number; bytes: number }>();
  const firstHour = thisHour - 30 * 24 * hourMs;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    old = await seedKey(admin, { status: 'replaced' });
    key = await seedKey(admin, { family: old });
    await seedKey(admin, { name: 'never used' });
    const roll = dice(3);
    const events = Array.from({ length: 900 }, (_, n) => {
      const hour = n === 0 ? firstHour : firstHour + roll(30 * 24) * hourMs;
      const bytes = roll(1000);
      const known = counts.get(hour) ?? { n: 0, bytes: 0 };
      counts.set(hour, { n: known.n + 1, bytes: known.bytes + bytes });
      return {
        ...{
          key_id: roll(2) === 0 ? old.id : key.id,
          id: `e${n}`,
          ts: new Date(hour + 60_000).toISOString(),
          bytes,
        },
        ...{ endpoint: '/v1/runs', status: 200, ip_text: `192.0.2.${roll(200)}`, user_agent: 'worker/1' },
      };
    });
    const at = (hour: number) => new Date(hour + 60_000).toISOString();
    const odd = (id: string, hour: number, more: object) => {
      const known = counts.get(hour) ?? { n: 0, bytes: 0 };
      counts.set(hour, { ...known, n: known.n + 1 });
      return { key_id: key.id, id, ts: at(hour), ...more };
    };
    await seedEvents(admin, [
      ...events,
      odd('v6', firstHour + hourMs, {
        ip_text: '2001:db8:7:8::1',
        endpoint: '/v1/v6',
        status: 204,
        user_agent: 'six/6',
      }),
      odd('mapped', firstHour + hourMs, { ip_text: '::ffff:198.51.100.9', status: 200 }),
      odd('words', firstHour + hourMs, { ip_text: 'AWS Internal', status: 200 }),
      odd('wrong', firstHour + hourMs, { ip_text: '255.18.064.999', status: 200 }),
      odd('refused', firstHour + hourMs, {
        ip_text: '203.0.113.5',
        endpoint: '/v1/secret',
        status: 401,
        user_agent: 'thief/1',
      }),
      // Of the open hour: it is not closed, so it is in no baseline.
      {
        key_id: key.id,
        id: 'open',
        ts: new Date(thisHour + 1000).toISOString(),
        endpoint: '/v1/open',
        status: 200,
      },
    ]);
  });
  afterAll(() => database.drop());

  const make = async () => Number((await admin.sql`select keyctl.make_baselines() as made`)[0]?.made);
  const stored = async () =>
    (await admin.sql`select *, until = (select rolled_until from keyctl.rollup_status) as until_closed from keyctl.usage_baselines`) as unknown as readonly {
      family_id: string;
      weeks: number;
      until_closed: boolean;
      requests: readonly ([number, number, number] | null)[];
      bytes: readonly ([number, number, number] | null)[];
      networks: Record<string, string>;
      endpoints: Record<string, string>;
      agents: Record<string, string>;
    }[];
  const anotherDay = () =>
    admin.sql`with a as (update keyctl.usage_baselines set made_at = made_at - interval '1 day')
      update keyctl.rollup_state set baselines_at = baselines_at - interval '1 day'`;

  it('waits for the first rollup', async () => {
    expect(await make()).toBe(0);
    expect(await stored()).toEqual([]);
  });

  it('holds median and MAD of every hour of the week over the whole family, silent hours as 0', async () => {
    await rollUpAll(admin, 500);
    expect(await make()).toBe(1);
    const [baseline] = await stored();
    expect(baseline).toMatchObject({ family_id: old.id, weeks: 5, until_closed: true });
    const samples = Array.from({ length: 168 }, () => ({ n: [] as number[], bytes: [] as number[] }));
    for (let hour = firstHour; hour < thisHour; hour += hourMs) {
      const moment = new Date(hour);
      const slot = ((moment.getUTCDay() + 6) % 7) * 24 + moment.getUTCHours();
      samples[slot]?.n.push(counts.get(hour)?.n ?? 0);
      samples[slot]?.bytes.push(counts.get(hour)?.bytes ?? 0);
    }
    const told = (values: readonly number[], requests: readonly number[]) => {
      const median = medianOf(values);
      return [
        median,
        medianOf(values.map((value) => Math.abs(value - median))),
        requests.filter((n) => n > 0).length,
      ];
    };
    expect(baseline?.requests).toEqual(samples.map(({ n }) => told(n, n)));
    expect(baseline?.bytes).toEqual(samples.map(({ n, bytes }) => told(bytes, n)));
  });

  it('knows networks, endpoints and agents that were answered well, since when, and no refused one', async () => {
    const [baseline] = await stored();
    expect(Object.keys(baseline?.networks ?? {}).toSorted()).toEqual([
      '192.0.2.0/24',
      '198.51.100.0/24',
      '2001:db8:7::/48',
    ]);
    expect(Object.keys(baseline?.endpoints ?? {}).toSorted()).toEqual(['/v1/runs', '/v1/v6']);
    expect(Object.keys(baseline?.agents ?? {}).toSorted()).toEqual(['six/6', 'worker/1']);
    expect(Date.parse(baseline?.networks['192.0.2.0/24'] ?? '')).toBe(firstHour);
    expect(Date.parse(baseline?.agents['worker/1'] ?? '')).toBe(firstHour + 60_000);
  });

  it('is made once a day, of families used since, and keeps what it knew', async () => {
    expect(await make()).toBe(0);
    await anotherDay();
    expect(await make()).toBe(0);
    await anotherDay();
    // An hour has closed: as if the last baseline had been made before it.
    await admin.sql`update keyctl.usage_baselines set until = until - interval '2 hours', networks = '{"10.0.0.0/24": "2020-01-01T00:00:00+00:00"}'`;
    await seedEvents(admin, [
      {
        key_id: key.id,
        id: 'newer',
        ts: new Date(thisHour - hourMs / 2).toISOString(),
        ip_text: '10.9.9.9',
        status: 200,
        user_agent: 'next/2',
      },
    ]);
    await rollUpAll(admin, 500);
    expect(await make()).toBe(1);
    const [baseline] = await stored();
    expect(baseline?.networks).toMatchObject({
      '10.0.0.0/24': '2020-01-01T00:00:00+00:00',
      '10.9.9.0/24': expect.any(String),
    });
    expect(Object.keys(baseline?.agents ?? {})).toContain('next/2');
  });

  it('of a family that is younger than a week has slots without a sample', async () => {
    const young = await seedKey(admin);
    await seedEvents(admin, [
      { key_id: young.id, id: 'one', ts: new Date(thisHour - 30 * hourMs).toISOString(), status: 200 },
    ]);
    await rollUpAll(admin, 500);
    await anotherDay();
    await make();
    const baseline = (await stored()).find((each) => each.family_id === young.id);
    expect(baseline).toMatchObject({ weeks: 1, networks: {}, agents: {} });
    expect(baseline?.requests.filter((slot) => slot !== null)).toHaveLength(30);
  });

  it('is for operators', async () => {
    const viewer = await database.connect('test_viewer');
    await expect(viewer.sql`select keyctl.make_baselines()`).rejects.toMatchObject({ code: '42501' });
    expect((await viewer.sql`select count(*)::int as n from keyctl.usage_baselines`)[0]?.n).toBe(2);
  });
});
