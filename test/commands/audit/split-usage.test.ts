import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { runCommand } from '../../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';
import { dice, type EventSeed, seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';
import { ageRotation, type SeededRotation, seedRotation } from '../../support/seed-rotation.js';

const now = new Date(Math.floor(Date.now() / 60_000) * 60_000);
const hourMs = 3_600_000;

describe.each(servers)('usage before and after, on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let old: SeededKey;
  let rotation: SeededRotation;
  let activatedAt: string;
  let pending: SeededRotation;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    old = await seedKey(admin, { owner: 'alice@example.com', name: 'nightly' });
    rotation = await seedRotation(admin, { old, graceSeconds: 7 * 86_400 });
    await ageRotation(admin, rotation, 10 * 3600);
    const [row] =
      await admin.sql`select to_char(activated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
      from keyctl.rotations where rotation_id = ${rotation.id}`;
    activatedAt = String(row?.at);
    pending = await seedRotation(admin, { state: 'aborted' });
    const roll = dice(5);
    const event = (key_id: string, hoursAgo: number, n: number): EventSeed => ({
      ...{
        key_id,
        id: `${key_id}-${n}`,
        ts: new Date(now.getTime() - hoursAgo * hourMs - roll(hourMs)).toISOString(),
      },
      ...{
        endpoint: `/v1/${roll(3)}`,
        status: roll(4) === 0 ? 500 : 200,
        ip_text: `192.0.2.${roll(5)}`,
        bytes: roll(1000),
        tokens: 2,
      },
    });
    await seedEvents(admin, [
      ...Array.from({ length: 40 }, (_, n) => event(old.id, 10 + roll(9), n)),
      ...Array.from({ length: 25 }, (_, n) => event(rotation.newId, roll(9), n)),
    ]);
    await seedEvents(admin, [
      {
        key_id: rotation.newId,
        id: 'only after',
        ts: new Date(now.getTime() - hourMs).toISOString(),
        endpoint: '/v1/new\u001b[H',
      },
    ]);
  });
  afterAll(() => database.drop());

  const audit = (...args: string[]) => runCommand(['audit', ...args], { database, role: 'test_viewer', now });
  const raw = async (from: string, to: string) =>
    (
      await admin.sql`select count(*)::int as requests, count(*) filter (where status >= 400)::int as errors,
        count(distinct ip_text)::int as unique_ips, sum(bytes)::int as bytes from keyctl.usage_events
        where key_id in (${old.id}, ${rotation.newId}) and ts >= ${from}::text::timestamptz and ts < ${to}::text::timestamptz`
    )[0];

  it('a rotation: the whole family, two sides of the same length, their sums those of the events', async () => {
    const ran = await audit('usage', old.id, '--split-at', rotation.id, '--json');
    expect(ran.code).toBe(0);
    const answer = JSON.parse(ran.stdout);
    expect(answer).toMatchObject({
      family_id: old.id,
      split_at: activatedAt,
      rotation_id: rotation.id,
      by: 'endpoint',
    });
    const { before, after, groups } = answer;
    expect(Date.parse(after.until) - Date.parse(after.since)).toBe(
      Date.parse(before.until) - Date.parse(before.since),
    );
    expect([before.until, after.since, after.until]).toEqual([activatedAt, activatedAt, now.toISOString()]);
    expect(before).toMatchObject((await raw(before.since, before.until)) ?? {});
    expect(after).toMatchObject((await raw(after.since, after.until)) ?? {});
    const hours = (Date.parse(after.until) - Date.parse(after.since)) / hourMs;
    expect(after.requests_per_hour).toBeCloseTo(after.requests / hours, 2);
    for (const side of ['before', 'after'] as const)
      expect(
        groups.reduce(
          (sum: number, each: { before: { requests: number }; after: { requests: number } }) =>
            sum + each[side].requests,
          0,
        ),
      ).toBe(answer[side].requests);
    expect(groups.find((group: { endpoint: string }) => group.endpoint.startsWith('/v1/new'))).toMatchObject({
      before: { requests: 0, requests_per_hour: 0, bytes: null },
      after: { requests: 1 },
    });
  });

  it('a moment, of the one key, with a beginning of its own, by any dimension', async () => {
    const [at, since] = [new Date(now.getTime() - 5 * hourMs), new Date(now.getTime() - 9 * hourMs)];
    const ran = await audit(
      'usage',
      rotation.newId,
      '--split-at',
      at.toISOString(),
      '--since',
      since.toISOString(),
      '--by',
      'status',
      '-o',
      'ndjson',
    );
    expect(ran.code).toBe(0);
    const rows = ran.stdout
      .trim()
      .split('\n')
      .map((row) => JSON.parse(row));
    expect(Object.keys(rows[0])).toContain('before_requests_per_hour');
    const [all] =
      await admin.sql`select count(*) filter (where ts < ${at.toISOString()}::text::timestamptz)::int as before, count(*) filter (where ts >= ${at.toISOString()}::text::timestamptz)::int as after
      from keyctl.usage_events where key_id = ${rotation.newId} and ts >= ${since.toISOString()}::text::timestamptz and ts < ${now.toISOString()}::text::timestamptz`;
    const sum = (name: string) => rows.reduce((total, row) => total + row[name], 0);
    expect({ before: sum('before_requests'), after: sum('after_requests') }).toEqual(all);
  });

  it('draws rates and how they changed, names cleaned', async () => {
    const { stdout } = await audit('usage', old.id, '--split-at', rotation.id);
    expect(stdout).toMatch(/ENDPOINT +BEFORE +AFTER +A HOUR +THEN +CHANGE +ERRORS +BYTES\n/);
    expect(stdout).toMatch(/\/v1\/new\\x1b\[H +0 +1 +0 +0\.1 +new /);
    expect(stdout).toMatch(/^total +\d+ +26 +\S+ +2\.6 +-?\+?\d+ % /m);
    expect(stdout).not.toContain('\u001b');
  });

  it('audit owner counts all keys of a person, and splits them too', async () => {
    const counted = await audit('owner', 'Alice@example.com', '--json');
    expect(counted.code).toBe(0);
    const { owner, by, groups, total } = JSON.parse(counted.stdout);
    expect({ owner, by, requests: total.requests }).toEqual({
      owner: 'alice@example.com',
      by: 'key',
      requests: 66,
    });
    expect(groups.map((group: { key_id: string }) => group.key_id)).toEqual([old.id, rotation.newId]);
    const split = JSON.parse(
      (await audit('owner', 'alice@example.com', '--split-at', rotation.id, '--json')).stdout,
    );
    expect(split).toMatchObject({ owner: 'alice@example.com', by: 'key', rotation_id: rotation.id });
    expect((await audit('owner', 'alice@example.com')).stdout).toContain('alice@example.com  2 keys');
  });

  it('refuses what is no e-mail or moment, or contradicts (2), what is unknown (3) and a rotation that never began (4)', async () => {
    expect((await audit('owner', 'nobody')).code).toBe(2);
    expect((await audit('owner', 'nobody@example.com')).code).toBe(3);
    expect((await audit('owner', 'alice@example.com', '--split-at', '2d', '--limit', '3')).code).toBe(2);
    for (const more of [
      ['--split-at', 'yesterday'],
      ['--split-at', '2d', '--follow'],
      ['--split-at', '2d', '--limit', '3'],
      ['--split-at', '2d', '--since', '1d'],
    ]) {
      const ran = await audit('usage', old.id, ...more);
      expect(ran.code).toBe(2);
      expect(ran.stderr).toContain('--split-at');
    }
    expect((await audit('usage', old.id, '--split-at', 'rot_000000000000')).code).toBe(3);
    expect((await audit('usage', pending.old.id, '--split-at', pending.id)).code).toBe(4);
    expect(
      (await runCommand(['audit', 'owner', 'alice@example.com'], { database, role: 'test_gateway' })).code,
    ).toBe(77);
  });
});
