import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { parseUserAgent } from '../../../src/domain/user-agent.js';
import { run } from '../../../src/program.js';
import { hostile } from '../../render/hostile.js';
import { type FakeOptions, fakeMachine, type Ran, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { dice, type EventSeed, seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

/** The clock of the tests: that of the database, to the minute. Events lie before it, over many weeks. */
const now = new Date(Math.floor(Date.now() / 60_000) * 60_000);
const tenYearsMs = 3652 * 86_400_000;
const minutesAgo = (minutes: number): string => new Date(now.getTime() - minutes * 60_000).toISOString();

let database: TestDatabase;
let admin: Connection;
let alice: SeededKey;
let older: SeededKey;
let bob: SeededKey;
let silent: SeededKey;

const usage = (argv: readonly string[], options: FakeOptions = {}): Promise<Ran> =>
  runCommand(['audit', 'usage', ...argv], { database, role: 'test_viewer', now, ...options });

interface Event {
  readonly ts: string;
  readonly key_id: string;
  readonly id: string;
  readonly [field: string]: unknown;
}

interface Counts {
  readonly requests: number;
  readonly [field: string]: unknown;
}

interface Breakdown {
  readonly since: string | null;
  readonly total: Counts;
  readonly groups: readonly Counts[];
  readonly [field: string]: unknown;
}

async function events(...argv: string[]): Promise<Event[]> {
  const { code, stdout } = await usage([...argv, '-o', 'ndjson']);
  expect(code).toBe(0);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event);
}

async function counts(...argv: string[]): Promise<Breakdown> {
  const { code, stdout } = await usage([...argv, '--json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Breakdown;
}

/** Some hundreds of requests over 20 weeks, more of them lately; several at the same moment. */
function history(keyId: string, times: number, seed: number): EventSeed[] {
  const random = dice(seed);
  return Array.from({ length: times }, (_, at) => ({
    ts: minutesAgo(1 + Math.floor((at / times) ** 3 * 20 * 7 * 24 * 60) + random(2)),
    key_id: keyId,
    id: `${seed}-${at}`,
    key_version: 1 + random(2),
    method: ['GET', 'POST'][random(2)] ?? 'GET',
    endpoint: `/v1/${['runs', 'export', 'models'][random(3)]}`,
    status: [200, 201, 401, 404, 500][random(5)] ?? 200,
    ip_text: random(20) === 0 ? 'AWS Internal' : `198.51.100.${random(40)}`,
    user_agent: `agent-${random(4)}/1.0`,
    bytes: random(9000),
    tokens: random(400),
    cost_usd: random(1000) / 1_000_000,
    model: ['small', 'large'][random(2)] ?? 'small',
  }));
}

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  older = await seedKey(admin, {
    ...{ name: 'alice-prod', owner: 'alice@example.com', userId: 'u-1007', status: 'replaced' },
  });
  alice = await seedKey(admin, { name: 'alice-prod (rotated)', owner: 'alice@example.com', family: older });
  bob = await seedKey(admin, { name: 'sales-bob', owner: 'bob@example.com', status: 'revoked' });
  silent = await seedKey(admin, { name: 'never-used' });
  await seedEvents(admin, [
    ...history(alice.id, 900, 1),
    ...history(older.id, 120, 2),
    ...history(bob.id, 300, 3).map((event) => ({
      ...event,
      ts: new Date(Date.parse(event.ts) - tenYearsMs).toISOString(),
    })),
  ]);
});
afterAll(() => database.drop());

/** The same as plain SQL over the raw table. */
const plain = (where: string) =>
  admin.sql.unsafe(`select id, to_char(ts at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ts
    from keyctl.usage_events where ${where} order by usage_events.ts desc, key_id desc, id desc`);

describe('audit usage', () => {
  it('shows the newest 100 events of a key, newest first, and says that there are older ones', async () => {
    const { code, stdout, stderr } = await usage([alice.id, '--json']);
    const answer = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(answer).toMatchObject({ key_id: alice.id, since: null, until: null, next_cursor: null });
    expect(answer.as_of).toBe((await plain('true'))[0]?.ts);
    expect(answer.events.map(({ id }: Event) => id)).toEqual(
      (await plain(`key_id = '${alice.id}'`)).slice(0, 100).map(({ id }) => id),
    );
    expect(stderr).toContain('the newest 100 are shown');
    expect(stderr).toContain(`log as of ${answer.as_of}`);
  });

  it('has every field of an event, absent ones null', async () => {
    const at = minutesAgo(0);
    await seedEvents(admin, [{ ts: at, key_id: silent.id, id: 'bare', ip_text: '203.0.113.9' }]);
    expect(await events(silent.id)).toEqual([
      {
        ...{ ts: at, key_id: silent.id, id: 'bare', key_version: null, method: null, endpoint: null },
        ...{ object: null, feature: null, status: null, ip: '203.0.113.9', user_agent: null, bytes: null },
        ...{ latency_ms: null, tokens: null, cost_usd: null, model: null, request_id: null },
      },
    ]);
    await admin.sql`delete from keyctl.usage_events where key_id = ${silent.id}`;
  });

  it.each([1, 499, 500, 501, 777, 5000])('reads %i in pages without a gap or a double', async (limit) => {
    const ids = (await events(alice.id, '--limit', String(limit))).map(({ id }) => id);
    expect(ids).toEqual((await plain(`key_id = '${alice.id}'`)).slice(0, limit).map(({ id }) => id));
  });

  it('finds what is older than every week that was looked in first', async () => {
    const found = await events(bob.id, '--limit', '1000');
    expect(found.map(({ id }) => id)).toEqual((await plain(`key_id = '${bob.id}'`)).map(({ id }) => id));
  });

  it.each([
    ['a family', () => [older.id, '--family'], () => `key_id in ('${alice.id}', '${older.id}')`],
    [
      'a person, dead keys too',
      () => ['--owner', 'Alice@Example.com'],
      () => `key_id in ('${alice.id}', '${older.id}')`,
    ],
    [
      'a user id, dead keys too',
      () => ['--user-id', 'u-1007'],
      () => `key_id in ('${alice.id}', '${older.id}')`,
    ],
    ['all keys', () => ['--all'], () => 'true'],
    ['a version', () => [alice.id, '--key-version', '2'], () => `key_id = '${alice.id}' and key_version = 2`],
    [
      'a window',
      () => [alice.id, '--since', '30d', '--until', '2d'],
      () => `key_id = '${alice.id}' and ts >= '${minutesAgo(30 * 1440)}' and ts < '${minutesAgo(2 * 1440)}'`,
    ],
  ])('shows those of %s', async (_what, argv, where) => {
    const ids = (await events(...argv(), '--limit', '5000')).map(({ id }) => id);
    expect(ids).toEqual((await plain(where())).map(({ id }) => id));
    expect(ids.length).toBeGreaterThan(50);
  });

  it('of a user id tells programs whose it is', async () => {
    const { stdout } = await usage(['--user-id', 'u-1007', '--limit', '1', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ key_id: null, family_id: null, owner: 'alice@example.com' });
  });

  it('of a name means its family’s present key', async () => {
    expect((await events('alice-prod', '--limit', '1'))[0]?.key_id).toBe(alice.id);
  });

  it('prints ids, and csv with its heading', async () => {
    const { stdout: ids } = await usage([alice.id, '--limit', '3', '-o', 'ids']);
    expect(ids.trim().split('\n')).toEqual((await events(alice.id, '--limit', '3')).map(({ id }) => id));
    const { stdout: csv } = await usage([alice.id, '--limit', '3', '-o', 'csv']);
    expect(csv.split('\r\n')[0]).toMatch(/^ts,key_id,id,.*request_id$/);
    expect(csv.trim().split('\r\n')).toHaveLength(4);
  });

  it('says when there was nothing, and when there was something', async () => {
    const nothing = await usage([silent.id]);
    expect(nothing).toMatchObject({ code: 0 });
    expect(nothing.stdout).toBe(
      `no request of ${silent.id} in database ${database.name} on ${database.server.socketDirectory} as test_viewer\n`,
    );
    expect(nothing.stderr).toContain('ever logged');
    const [first] = (await plain(`key_id = '${bob.id}'`)).reverse();
    const late = await usage([bob.id, '--since', '30d']);
    expect(late.stdout).toContain(`no request of ${bob.id} in this time`);
    expect(late.stderr).toContain(`--since ${String(first?.ts).slice(0, 10)}`);
  });

  it.each([
    ['no KEY off a terminal', [], 'KEY'],
    ['a KEY and all', ['a-key', '--all'], 'KEY'],
    ['a KEY and an owner', ['a-key', '--owner', 'alice@example.com'], 'KEY'],
    ['a KEY and a user id', ['a-key', '--user-id', 'u-1007'], 'KEY'],
    ['a user id that is none', ['--user-id', ' '], '--user-id'],
    ['a family of everybody', ['--all', '--family'], '--family'],
    ['an owner that is no address', ['--owner', 'alice'], '--owner'],
    ['an unknown dimension', ['a-key', '--by', 'moon'], '--by'],
    ['counts that follow', ['a-key', '--by', 'ip', '--follow'], '--follow'],
    ['following in one object', ['a-key', '--follow', '--json'], '--follow'],
    ['following into the past', ['a-key', '--follow', '--until', '1h'], '--follow'],
    ['a limit that is none', ['a-key', '--limit', 'all'], '--limit'],
    ['an end before the start', ['a-key', '--since', '1h', '--until', '2h'], '--until'],
  ])('%s is 2, names the flag, opens nothing', async (_what, argv, flag) => {
    const { code, stdout, stderr } = await usage(argv, {
      env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' },
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(flag);
  });

  it('an unknown key or owner is 3 and names the database', async () => {
    for (const argv of [['nobody-prod'], ['--owner', 'nobody@example.com'], ['--user-id', 'u-1']]) {
      const { code, stderr } = await usage(argv);
      expect(code).toBe(3);
      expect(stderr).toContain(`in database ${database.name}`);
    }
  });

  it('is not for the gateway role: 77', async () => {
    expect((await usage(['--all'], { role: 'test_gateway' })).code).toBe(77);
  });
});

describe('audit usage --by', () => {
  const value: Readonly<Record<string, string>> = {
    endpoint: 'endpoint',
    ip: 'ip_text',
    agent: `split_part(user_agent, '/', 1)`,
    hour: `to_char(date_trunc('hour', ts at time zone 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS".000Z"')`,
    status: 'status',
    model: 'model',
    version: 'key_version',
    key_id: 'key_id',
    owner: `(select email from keyctl.owners o join keyctl.api_keys k on k.owner_id = o.owner_id where k.id = key_id)`,
  };

  /** Straight from the raw events, in the plainest SQL there is. */
  const plainCounts = (name: string, where: string) =>
    admin.sql.unsafe(`
      select ${value[name]} as "${name}", count(*)::int as requests, count(*) filter (where status >= 400)::int as errors,
        count(distinct ip_text)::int as unique_ips, sum(bytes)::int as bytes, sum(tokens)::int as tokens,
        sum(cost_usd)::float8 as cost_usd, to_char(min(ts), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as first_at,
        to_char(max(ts), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as last_at
      from keyctl.usage_events where ${where} group by 1 order by count(*) desc, 1`);

  it.each(Object.keys(value))('%s agrees with plain SQL over the raw events', async (name) => {
    const by = name === 'key_id' ? 'key' : name;
    const whole = await counts('--all', '--by', by, '--since', '2000-01-01');
    const expected = await plainCounts(name, 'true');
    const got = whole.groups.map(({ key_name: _name, ...group }) => group);
    const order = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(order(got)).toEqual(order([...expected]));
    expect(whole.group_count).toBe(expected.length);
    const sorted =
      name === 'hour' ? whole.groups.map((group) => group.hour) : whole.groups.map((g) => -g.requests);
    const direction = name === 'hour' ? -1 : 1;
    expect(sorted).toEqual(
      [...sorted].sort(
        (a, b) => direction * (Number(a) - Number(b) || ((a as never) > (b as never) ? 1 : -1)),
      ),
    );
  });

  it('totals agree, also of a window, a family, a version', async () => {
    const before = new Date(now.getTime() - tenYearsMs - 20 * 86_400_000).toISOString().slice(0, 10);
    const cases: readonly (readonly [string[], string])[] = [
      [
        [older.id, '--family', '--since', '60d'],
        `key_id in ('${alice.id}', '${older.id}') and ts >= '${minutesAgo(86_400)}'`,
      ],
      [
        [alice.id, '--since', '2000-01-01', '--key-version', '1'],
        `key_id = '${alice.id}' and key_version = 1`,
      ],
      [
        ['--owner', 'bob@example.com', '--since', '2000-01-01', '--until', before],
        `key_id = '${bob.id}' and ts < '${before}'`,
      ],
    ];
    for (const [argv, where] of cases) {
      const [expected] = await admin.sql.unsafe(`
        select count(*)::int as requests, count(*) filter (where status >= 400)::int as errors,
          count(distinct ip_text)::int as unique_ips, sum(bytes)::int as bytes from keyctl.usage_events where ${where}`);
      expect((await counts(...argv, '--by', 'endpoint')).total).toMatchObject({ ...expected });
    }
  });

  it('without --since counts seven days, and says so when there is more', async () => {
    const { stdout, stderr } = await usage([alice.id, '--by', 'ip', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      key_id: alice.id,
      since: minutesAgo(7 * 1440),
      until: null,
      by: 'ip',
    });
    expect(stderr).toContain('older requests go back to');
    const { since } = await counts(alice.id, '--by', 'ip', '--until', minutesAgo(60 * 1440));
    expect(since).toBe(minutesAgo(67 * 1440));
  });

  it('with nothing in seven days says when there was something, and how to see it', async () => {
    const { code, stdout } = await usage([bob.id, '--by', 'endpoint']);
    const all = await plain(`key_id = '${bob.id}'`);
    expect(code).toBe(0);
    expect(stdout).toContain(`its newest was ${String(all[0]?.ts).slice(0, 19)}Z`);
    const hint = /--since (\S+)/.exec(stdout)?.[1] ?? '';
    expect((await counts(bob.id, '--by', 'endpoint', '--since', hint)).total.requests).toBe(all.length);
  });

  it('of a key that was never used says that', async () => {
    const { stdout } = await usage([silent.id, '--by', 'ip']);
    expect(stdout).toContain(`no request of ${silent.id} was ever logged in database ${database.name}`);
    expect(await counts(silent.id, '--by', 'ip')).toMatchObject({
      groups: [],
      total: { requests: 0, unique_ips: 0 },
    });
  });

  it('cuts at the limit, and the table tells what the rest amounts to', async () => {
    const all = await counts(alice.id, '--by', 'ip', '--since', '2000-01-01');
    const top = await counts(alice.id, '--by', 'ip', '--since', '2000-01-01', '--limit', '3');
    expect(top.groups).toEqual(all.groups.slice(0, 3));
    expect(top.total).toEqual(all.total);
    const argv = [alice.id, '--by', 'ip', '--since', '2000-01-01'];
    const { stdout } = await usage(argv, { terminal: true, env: { NO_COLOR: '1' } });
    expect(stdout).toContain(`(${Number(all.group_count) - 20} more)`);
    expect(stdout).toMatch(/^total +900 /m);
    const piped = await usage(argv);
    expect(piped.stdout.split('\n').filter((line) => line.includes('198.51.100.'))).toHaveLength(40);
  });

  it('names keys beside their ids', async () => {
    const { groups } = await counts('--all', '--by', 'key', '--since', '2000-01-01');
    expect(groups.find((group) => group.key_id === bob.id)).toMatchObject({
      key_name: 'sales-bob',
      requests: 300,
    });
  });

  it('has a heading in csv also when there is nothing', async () => {
    const { stdout } = await usage([silent.id, '--by', 'status', '-o', 'csv']);
    expect(stdout).toBe('status,requests,errors,unique_ips,bytes,tokens,cost_usd,first_at,last_at\r\n');
  });
});

describe('audit usage of hostile texts', () => {
  let victim: SeededKey;
  const storable = hostile.filter(
    ([, text]) => !text.includes('\0') && Buffer.from(text).toString() === text,
  );

  beforeAll(async () => {
    victim = await seedKey(admin, { name: 'victim\n\x1b[2J\u202ename' });
    await seedEvents(
      admin,
      storable.map(([, text], at) => ({
        ts: minutesAgo(at + 1),
        key_id: victim.id,
        id: `hostile-${at}`,
        method: text,
        endpoint: `${text}${'/very-long'.repeat(at * 10)}`,
        status: 200,
        ip_text: text,
        user_agent: text.repeat(3),
        model: text,
      })),
    );
  });

  const products = [...new Set(storable.map(([, text]) => parseUserAgent(text.repeat(3))?.product))];

  it.each([
    ['events', []],
    ['endpoints', ['--by', 'endpoint']],
    ['agents', ['--by', 'agent']],
    ['addresses', ['--by', 'ip']],
    ['models', ['--by', 'model']],
  ])('%s stay in their rows, in 80 columns, and act on nothing', async (_what, argv) => {
    const { code, stdout } = await usage([victim.id, ...argv, '--limit', '100'], { terminal: true });
    expect(code).toBe(0);
    const text = stdout.replace(/\x1b\[[\d;]*m/g, '');
    expect(text).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
    const { default: stringWidth } = await import('string-width');
    for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
    const frame = argv.length === 0 ? 1 : 4;
    expect(text.trimEnd().split('\n')).toHaveLength(
      frame + (argv[1] === 'agent' ? products : storable).length,
    );
  });

  it('are exact in JSON', async () => {
    const agents = (await events(victim.id)).map((event) => event.user_agent);
    expect(agents).toEqual(storable.map(([, text]) => text.repeat(3)));
  });
});

describe('audit usage --follow', { timeout: 120_000 }, () => {
  it('begins with the newest, oldest first, shows what arrives, also a little late, once, and ends with 130', async () => {
    const live = await seedKey(admin, { name: 'live-key' });
    const event = (id: string, secondsAgo: number): EventSeed => ({
      ts: new Date(Date.now() - secondsAgo * 1000).toISOString(),
      key_id: live.id,
      id,
      endpoint: '/v1/runs',
      status: 200,
      ip_text: '192.0.2.7',
    });
    await seedEvents(admin, [event('first', 90), event('second', 80), event('third', 70)]);
    const machine = fakeMachine({ database, role: 'test_viewer' });
    const running = run(['audit', 'usage', live.id, '--follow', '--limit', '2', '-o', 'ids'], machine);
    const seen = () => machine.written().stdout.split('\n').filter(Boolean);
    await expect.poll(seen, { timeout: 60_000 }).toEqual(['second', 'third']);
    await seedEvents(admin, [event('fourth', 0)]);
    await expect.poll(seen, { timeout: 60_000 }).toContain('fourth');
    await seedEvents(admin, [event('late', 20), event('ahead', -3600)]);
    await expect.poll(seen, { timeout: 60_000 }).toEqual(expect.arrayContaining(['late', 'ahead']));
    await seedEvents(admin, [event('after the one from the future', 0)]);
    await expect.poll(seen, { timeout: 60_000 }).toContain('after the one from the future');
    machine.interrupt();
    expect(await running).toBe(130);
    expect(seen()).toHaveLength(new Set(seen()).size);
    expect(seen()).not.toContain('first');
  });

  it('prints lines of their own on a terminal, cut to its width', async () => {
    const machine = fakeMachine({ database, role: 'test_viewer', terminal: true, now });
    const running = run(['audit', 'usage', '--all', '--follow', '--limit', '3'], machine);
    await expect
      .poll(() => machine.written().stdout.split('\n').length, { timeout: 60_000 })
      .toBeGreaterThan(3);
    machine.interrupt();
    expect(await running).toBe(130);
    const lines = machine
      .written()
      .stdout.replace(/\x1b\[[\d;]*m/g, '')
      .trimEnd()
      .split('\n');
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}key_\S+ {2}\d{3} {2}/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});
