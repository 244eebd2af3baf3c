import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

const hourMs = 3_600_000;
const thisHour = Math.floor(Date.now() / hourMs) * hourMs;
const at = (hoursAgo: number) => new Date(thisHour - hoursAgo * hourMs).toISOString();

describe.each(servers)('audit exfil on PostgreSQL $name', (server) => {
  let database: TestDatabase;
  let admin: Connection;
  let old: SeededKey;
  let key: SeededKey;
  let young: SeededKey;

  const seed = (
    keyId: string,
    ts: string,
    endpoint: string | null,
    bytes: number | null,
    object: string | null,
  ) =>
    admin.sql`insert into keyctl.usage_events (ts, key_id, id, endpoint, bytes, object)
      values (${ts}::text::timestamptz + interval '5 minutes', ${keyId}, gen_random_uuid()::text, ${endpoint}, ${bytes}, ${object})`;

  beforeAll(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
    old = await seedKey(admin, { status: 'replaced' });
    key = await seedKey(admin, { family: old, name: 'reporting' });
    young = await seedKey(admin, { name: 'young' });
    await admin.sql`select keyctl.ensure_partitions(array(select (now() - make_interval(days => n))::date from generate_series(-1, 40) n))`;
    // The history belongs to the old key: a rotation does not make it unknown.
    for (let hoursAgo = 200; hoursAgo < 260; hoursAgo += 1) {
      await seed(old.id, at(hoursAgo), '/v1/runs', 900 + (hoursAgo % 5) * 50, `run-${hoursAgo % 3}`);
      await seed(old.id, at(hoursAgo), '/v1/runs', 100, `run-${hoursAgo % 3}`);
    }
    await seed(key.id, at(30), '/v1/runs', 1000, 'run-1');
    for (let n = 0; n < 20; n += 1)
      await seed(key.id, at(5), '/v1/export\u001b[2J', 1_000_000, `customer-${n % 10}`);
    await seed(key.id, at(4), null, null, null);
    await seed(young.id, at(3), '/v1/runs', 5_000_000, 'run-1');
  });
  afterAll(() => database.drop());

  const exfil = (args: readonly string[], options: Partial<FakeOptions> = {}) =>
    runCommand(['audit', 'exfil', ...args], { database, role: 'test_viewer', ...options });

  it('holds every hour against the family’s four weeks before, and puts what left most first', async () => {
    const ran = await exfil([key.id, '--json']);
    expect(ran.code).toBe(0);
    const answer = JSON.parse(ran.stdout);
    expect(answer).toMatchObject({ key_id: key.id, usual_bytes: { median: 1100, mad: 50, hours: 60 } });
    expect(answer.usual_objects).toMatchObject({ median: 1, mad: 0, far_above_from: 7 });
    expect(answer.hours).toEqual([
      { hour: at(30), requests: 1, bytes: 1000, objects: 1, far_above: false },
      { hour: at(5), requests: 20, bytes: 20_000_000, objects: 10, far_above: true },
      { hour: at(4), requests: 1, bytes: 0, objects: 0, far_above: false },
    ]);
    expect(answer.endpoints).toMatchObject([
      {
        endpoint: '/v1/export\u001b[2J',
        requests: 20,
        bytes: 20_000_000,
        objects: 10,
        largest_bytes: 1_000_000,
        new: true,
      },
      { endpoint: '/v1/runs', bytes: 1000, new: false },
      { endpoint: null, bytes: 0, objects: 0, new: true },
    ]);
    const [exported] = answer.endpoints;
    expect(exported.bytes_series).toHaveLength(24);
    expect(exported.bytes_series.reduce((sum: number, each: number) => sum + each, 0)).toBe(20_000_000);
  });

  it('draws it for people, in ASCII where the terminal has no more', async () => {
    const { stdout, code } = await exfil([key.id]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/bytes {4}[·▁▂▃▄▅▆▇█]{48} {2}20 MB, usual 1\.1 kB an hour/);
    expect(stdout).toMatch(/objects {2}\S{48} {2}at most 10 in an hour, usual 1 an hour/);
    expect(stdout).toContain('1 hour is far above the four weeks before:');
    expect(stdout).toMatch(/18,182x +10 +20$/m);
    expect(stdout).toMatch(/\/v1\/export\\x1b\[2J +new +20 MB +1\.0 MB +10 +20 +·+█·*$/m);
    expect(stdout).not.toContain('\u001b');
    const plain = await exfil([key.id], {
      terminal: { stdout: true, unicode: false, columns: 120 },
      env: { NO_COLOR: '1' },
    });
    expect(plain.stdout).toMatch(/bytes {4}[._:=+*#-]{48} {2}/);
    expect(plain.stdout).not.toMatch(/[▁█]/);
  });

  it('says that there is no history, that nothing is unusual, and that there was nothing', async () => {
    const first = await exfil(['young']);
    expect(first.stdout).toContain('no history to compare with');
    expect(first.stdout).not.toContain('far above');
    expect(JSON.parse((await exfil(['young', '--json'])).stdout)).toMatchObject({
      usual_bytes: null,
      hours: [{ far_above: false }],
    });
    const before = await exfil([key.id, '--since', at(31), '--until', at(29)]);
    expect(before.stdout).toContain('✓ no hour is far above the four weeks before');
    const silent = await exfil([key.id, '--since', at(60), '--until', at(50)]);
    expect(silent.code).toBe(0);
    expect(silent.stdout).toContain(`no request of ${key.id} in this time`);
  });

  it('gives hours as rows', async () => {
    const rows = (await exfil([key.id, '-o', 'csv'])).stdout.trim().split('\r\n');
    expect(rows).toEqual([
      'hour,requests,bytes,objects,far_above',
      expect.stringContaining(',1,1000,1,false'),
      expect.stringContaining(',20,20000000,10,true'),
      expect.stringContaining(',1,0,0,false'),
    ]);
  });

  it('refuses a window without a moment (2), an unknown KEY (3) and who may not read (77)', async () => {
    expect((await exfil([key.id, '--since', '1d', '--until', '2d'])).code).toBe(2);
    expect((await exfil([])).code).toBe(2);
    expect((await exfil(['key_000000000000'])).code).toBe(3);
    expect((await exfil([key.id], { role: 'test_gateway' })).code).toBe(77);
  });
});
