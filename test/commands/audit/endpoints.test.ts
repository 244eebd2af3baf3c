import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { type FakeOptions, type Ran, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { dice, seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

const now = new Date(Math.floor(Date.now() / 1000) * 1000);
const daysAgo = (days: number): string => new Date(now.getTime() - days * 86_400_000).toISOString();

let database: TestDatabase;
let admin: Connection;
let key: SeededKey;

const endpoints = (argv: readonly string[], options: FakeOptions = {}): Promise<Ran> =>
  runCommand(['audit', 'endpoints', ...argv], { database, role: 'test_viewer', now, ...options });

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  key = await seedKey(admin, { name: 'alice-prod' });
  const other = await seedKey(admin, { name: 'bystander' });
  await admin.sql`update keyctl.api_keys set external_id = 'AKIA-EXAMPLE', origin = 'adopted' where id = ${key.id}`;
  const random = dice(4);
  await seedEvents(
    admin,
    Array.from({ length: 800 }, (_, at) => ({
      ts: daysAgo(at / 40 + 0.01),
      key_id: at % 8 === 0 ? other.id : key.id,
      id: `event-${at}`,
      endpoint: [null, '/v1/runs', '/v1/export', `/v1/files/${random(60)}`][random(4)] ?? null,
      status: [null, 200, 204, 403, 500][random(5)] ?? null,
      ip_text: [null, 'AWS Internal', `203.0.113.${random(30)}`, '2001:db8::1'][random(4)] ?? null,
      ...(random(3) === 0 ? {} : { bytes: random(100_000) }),
    })),
  );
});
afterAll(() => database.drop());

const plain = (where: string) =>
  admin.sql.unsafe(`
    select endpoint, count(*)::int as requests, count(distinct ip_text)::int as unique_ips,
      count(*) filter (where status >= 400)::int as errors, coalesce(sum(bytes), 0)::int as bytes
    from keyctl.usage_events where key_id = '${key.id}' and ${where} group by endpoint
    order by count(*) desc, endpoint`);

describe('audit endpoints', () => {
  it('prints exactly the fields of the contract, in numbers that agree with plain SQL', async () => {
    const { code, stdout } = await endpoints([key.id, '--since', '30d', '--json']);
    const answer = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(Object.keys(answer)).toEqual(['key_id', 'since', 'until', 'as_of', 'endpoints']);
    expect(answer).toMatchObject({ key_id: key.id, since: daysAgo(30), until: null });
    expect(answer.as_of).toBe(daysAgo(0.01));
    expect(answer.endpoints).toEqual([...(await plain('true'))]);
    expect(Object.keys(answer.endpoints[0])).toEqual([
      'endpoint',
      'requests',
      'unique_ips',
      'errors',
      'bytes',
    ]);
  });

  it('counts seven days unless told otherwise, in a half-open window', async () => {
    const { stdout, stderr } = await endpoints([key.id, '--json']);
    expect(JSON.parse(stdout).endpoints).toEqual([...(await plain(`ts >= '${daysAgo(7)}'`))]);
    expect(stderr).toContain('older requests go back to');
    const argv = [key.id, '--since', daysAgo(12), '--until', daysAgo(3), '--json'];
    const between = await plain(`ts >= '${daysAgo(12)}' and ts < '${daysAgo(3)}'`);
    expect(JSON.parse((await endpoints(argv)).stdout).endpoints).toEqual([...between]);
  });

  it.each([
    ['its name', 'alice-prod'],
    ['its external id', 'AKIA-EXAMPLE'],
    ['its external id, said so', 'external:AKIA-EXAMPLE'],
  ])('finds an adopted key by %s', async (_what, reference) => {
    const { stdout } = await endpoints([reference, '--json']);
    expect(JSON.parse(stdout).key_id).toBe(key.id);
  });

  it('shows a table with the most used first and a total', async () => {
    const { stdout: shown } = await endpoints([key.id, '--since', '30d'], { terminal: true });
    const stdout = shown.replace(/\x1b\[[\d;]*m/g, '');
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toContain(`${key.id}  alice-prod v1`);
    expect(lines[1]).toContain('log as of');
    expect(lines[2]).toMatch(/^ENDPOINT +REQUESTS +ERRORS +IPS +BYTES +LAST +OVER TIME$/);
    expect(stdout).toMatch(/^\(none\) /m);
    expect(stdout).toMatch(/^total +700 /m);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('prints csv and ndjson of all endpoints, and has no ids', async () => {
    const all = await plain('true');
    const { stdout: csv } = await endpoints([key.id, '--since', '30d', '-o', 'csv']);
    expect(csv.trim().split('\r\n')).toHaveLength(all.length + 1);
    expect(csv.split('\r\n')[0]).toBe('endpoint,requests,unique_ips,errors,bytes');
    const { stdout: lines } = await endpoints([key.id, '--since', '30d', '-o', 'ndjson']);
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([...all]);
    expect((await endpoints([key.id, '-o', 'ids'])).code).toBe(2);
  });

  it('without KEY off a terminal is 2, with an unknown one 3, for the gateway role 77', async () => {
    const nowhere = { env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' } };
    expect(await endpoints([], nowhere)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('which key?'),
    });
    expect(await endpoints(['nobody-prod'])).toMatchObject({ code: 3, stdout: '' });
    expect((await endpoints([key.id], { role: 'test_gateway' })).code).toBe(77);
  });

  it('is found by searching on a terminal', async () => {
    const { code, stdout } = await endpoints([], {
      terminal: true,
      answers: [
        ['Which key?', 'AKIA'],
        ['AKIA', ''],
      ],
    });
    expect({ code, named: stdout.includes(key.id) }).toEqual({ code: 0, named: true });
  });
});
