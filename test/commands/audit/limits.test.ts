import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { monthUse } from '../../../src/db/reads/month-use.js';
import { runCommand } from '../../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';
import { rollUpAll } from '../../support/rollup-oracle.js';
import { dice, seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

describe.each(servers)('audit limits on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let capped: SeededKey;
  let successor: SeededKey;
  let rated: SeededKey;
  const busyMinute = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 120_000).toISOString();

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    capped = await seedKey(admin, { owner: 'alice@example.com', status: 'retiring', name: 'capped' });
    successor = await seedKey(admin, { owner: 'alice@example.com', family: capped, name: 'capped two' });
    rated = await seedKey(admin, { owner: 'bob@example.com', name: 'rated\u001b[31m' });
    const dead = await seedKey(admin, { status: 'revoked' });
    await seedKey(admin, { name: 'without limits' });
    await admin.sql`update keyctl.api_keys set budget_usd = 8, quota_requests = 100 where id in (${capped.id}, ${successor.id}, ${dead.id})`;
    await admin.sql`update keyctl.api_keys set rpm = 4, rph = 1000 where id = ${rated.id}`;
    const event = (key: SeededKey, id: string, ts: string, cost = 0) => ({
      ts,
      key_id: key.id,
      id,
      cost_usd: cost,
      tokens: 5,
    });
    const month = new Date(
      Math.max(Date.parse(`${new Date().toISOString().slice(0, 7)}-01T00:00:00Z`), Date.now() - 7_200_000),
    ).toISOString();
    await seedEvents(admin, [
      event(capped, 'old', month, 6.5),
      event(successor, 'new', month, 1),
      ...[1, 2, 3].map((n) => event(rated, `burst ${n}`, busyMinute)),
    ]);
  });
  afterAll(() => database.drop());

  const limits = (...args: string[]) =>
    runCommand(['audit', 'limits', ...args], { database, role: 'test_viewer' });

  it('lists living keys with a limit, worst first, families summed, peaks of the key itself', async () => {
    const ran = await limits('--json');
    expect(ran.code).toBe(0);
    const { month, as_of: asOf, keys, owners } = JSON.parse(ran.stdout);
    expect(asOf.startsWith(month)).toBe(true);
    expect(keys.map((key: { name: string }) => key.name)).toEqual(
      ['capped', 'capped two', rated.name].toSorted((a, b) => worst(keys, b) - worst(keys, a)),
    );
    expect(keys[0]).toMatchObject({ name: expect.stringContaining('capped'), worst_percent: 93.7 });
    expect(keys.find((key: { key_id: string }) => key.key_id === successor.id)).toEqual({
      ...{ key_id: successor.id, name: 'capped two', owner: 'alice@example.com', status: 'active' },
      ...{ cost_usd: 7.5, budget_usd: 8, requests: 2, quota_requests: 100, tokens: 10, quota_tokens: null },
      ...{ worst_percent: 93.7, peak_minute: 0, peak_minute_at: null, rpm: null },
      ...{ peak_hour: 0, peak_hour_at: null, rph: null },
    });
    expect(keys.find((key: { key_id: string }) => key.key_id === rated.id)).toMatchObject({
      ...{
        peak_minute: 3,
        peak_minute_at: busyMinute,
        rpm: 4,
        rph: 1000,
        worst_percent: 75,
        budget_usd: null,
      },
    });
    // The family counts once for its owner.
    expect(owners.find((owner: { owner: string }) => owner.owner === 'alice@example.com')).toEqual({
      ...{
        owner: 'alice@example.com',
        keys: 2,
        cost_usd: 7.5,
        budget_usd: 8,
        requests: 2,
        quota_requests: 100,
      },
      ...{ tokens: 10, quota_tokens: null, worst_percent: 93.7 },
    });
  });

  const worst = (keys: readonly { name: string; worst_percent: number }[], name: string) =>
    keys.find((key) => key.name === name)?.worst_percent ?? -1;

  it('prints a table with what is used of what, names cleaned, and rows for programs by key and owner', async () => {
    const { stdout, code } = await limits();
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`${capped.id} +capped +93 % +\\$7\\.50/\\$8\\.00 +2/100 +10 `));
    expect(stdout).toMatch(/rated\\x1b\[31m +75 % .* 3\/4 +3\/1,000\n?$/m);
    expect(stdout).not.toContain('\u001b');
    const csv = (await limits('--by', 'owner', '-o', 'csv')).stdout.split('\r\n');
    expect(csv[0]).toBe(
      'owner,keys,cost_usd,budget_usd,requests,quota_requests,tokens,quota_tokens,worst_percent',
    );
    expect(csv.some((row) => row.startsWith('alice@example.com,2,7.5,8,2,100,10,'))).toBe(true);
    expect((await limits('--by', 'owner')).stdout).toMatch(/alice@example\.com +2 +93 %/);
    expect((await limits('-o', 'ids')).stdout.trim().split('\n')).toHaveLength(3);
  });

  it('of one KEY also shows one without any limit', async () => {
    const { keys } = JSON.parse((await limits('without limits', '--json')).stdout);
    expect(keys).toMatchObject([{ name: 'without limits', worst_percent: null }]);
  });

  it('sums a month as the events do, with rollups, queued hours and late events mixed', async () => {
    const roll = dice(11);
    const all = [capped, successor, rated];
    for (const round of [1, 2, 3, 4]) {
      const events = Array.from({ length: 60 }, (_, n) => ({
        ...{ key_id: all[roll(3)]?.id ?? '', id: `r${round}-${n}`, cost_usd: roll(9) / 8, tokens: roll(50) },
        ts: new Date(Date.now() - roll(20 * 24) * 3_600_000 - roll(3_600_000)).toISOString(),
      }));
      await seedEvents(admin, events);
      if (round === 2) await rollUpAll(admin);
      if (round === 3) await admin.sql`select keyctl.collect_touched()`;
      const viewer = await database.connect('test_viewer');
      const use = await viewer.run({ sends: 'read' }, (db) =>
        monthUse(
          db,
          all.map((key) => key.id),
        ),
      );
      for (const key of all) {
        const [raw] =
          await admin.sql`select count(*)::int as requests, coalesce(sum(tokens), 0)::int as tokens from keyctl.usage_events
          where key_id = ${key.id} and ts >= date_trunc('month', now(), 'UTC') and ts < now()`;
        expect(use.byKey.get(key.id) ?? { requests: 0, tokens: 0 }).toMatchObject({ ...raw });
      }
    }
  });

  it('refuses an unknown KEY (3), another --by (2) and who may not read (77)', async () => {
    expect((await limits('key_000000000000')).code).toBe(3);
    expect((await limits('--by', 'moon')).code).toBe(2);
    expect((await runCommand(['audit', 'limits'], { database, role: 'test_gateway' })).code).toBe(77);
  });
});
