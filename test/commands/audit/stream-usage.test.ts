import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { run } from '../../../src/program.js';
import { storable } from '../../render/export/payloads.js';
import { fakeMachine, type Ran, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { dice, type EventSeed, seedEvents } from '../../support/seed-events.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

const now = new Date(Math.floor(Date.now() / 60_000) * 60_000);

let database: TestDatabase;
let admin: Connection;
let older: SeededKey;
let alice: SeededKey;
let silent: SeededKey;
let busy: SeededKey;

const usage = (...argv: string[]): Promise<Ran> =>
  runCommand(['audit', 'usage', ...argv], { database, role: 'test_viewer', now });

/** By page and as objects: what the streamed lines are held against. */
async function paged(...argv: string[]): Promise<unknown[]> {
  const { code, stdout } = await usage(...argv, '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout).events;
}

async function streamed(...argv: string[]): Promise<unknown[]> {
  const { code, stdout } = await usage(...argv, '-o', 'ndjson');
  expect(code).toBe(0);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Several at the same moment, with what attackers write, and with fields that say nothing. */
function history(keyId: string, times: number, seed: number): EventSeed[] {
  const random = dice(seed);
  return Array.from({ length: times }, (_, at) => ({
    ts: new Date(now.getTime() - 60_000 - (at >> 1) * 3_600_000).toISOString().replace('Z', '123Z'),
    key_id: keyId,
    id: `${seed}-${at}`,
    key_version: 1 + random(2),
    status: [200, 401, null][random(3)] ?? null,
    endpoint: at % 3 === 0 ? null : (storable[at % storable.length]?.[1] ?? null),
    user_agent: storable[(at * 7) % storable.length]?.[1] ?? null,
    ip_text: `198.51.100.${random(40)}`,
    bytes: random(2) * 9_000_000_000,
    ...(random(2) === 0 ? {} : { tokens: random(400), cost_usd: random(1000) / 1_000_000 }),
  }));
}

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  older = await seedKey(admin, {
    ...{ name: 'alice-prod', owner: 'alice@example.com', status: 'replaced' },
  });
  alice = await seedKey(admin, { name: 'alice-prod (rotated)', owner: 'alice@example.com', family: older });
  silent = await seedKey(admin, { name: 'never-used' });
  busy = await seedKey(admin, { name: 'etl', owner: 'etl@example.com' });
  await admin.sql`select keyctl.ensure_partitions(array['2026-03-02', '2026-03-09']::date[])`;
  await admin.sql`insert into keyctl.usage_events (ts, key_id, id, endpoint, user_agent)
    select '2026-03-03'::timestamptz + n * interval '1 second', ${busy.id}, 'e-' || n, '/v1/runs', repeat('x', 60)
    from generate_series(1, 40000) n`;
  await seedEvents(admin, [...history(alice.id, 1300, 1), ...history(older.id, 200, 2)]);
});
afterAll(() => database.drop());

describe('audit usage -o ndjson of many events', () => {
  // Over 100,000 the server is asked in another way.
  it.each(['1299', '1300', '5000', '200000'])('up to %s: the events that pages show', async (limit) => {
    const wanted = await paged(alice.id, '--limit', limit);
    expect(wanted).toHaveLength(Math.min(1300, Number(limit)));
    expect(await streamed(alice.id, '--limit', limit)).toEqual(wanted);
  });

  it.each([
    ['a family', () => [alice.id, '--family']],
    ['an owner', () => ['--owner', 'alice@example.com']],
    ['all keys', () => ['--all']],
    ['one version', () => [alice.id, '--key-version', '2']],
    ['a window', () => [alice.id, '--since', '20d', '--until', '3d']],
  ])('of %s: the events that pages show', async (_whose, argv) => {
    const wanted = await paged(...argv(), '--limit', '3000');
    expect(wanted.length).toBeGreaterThan(500);
    expect(await streamed(...argv(), '--limit', '3000')).toEqual(wanted);
  });

  it('says that there are older ones, and only then', async () => {
    const cut = await usage(alice.id, '--limit', '1000', '-o', 'ndjson');
    expect(cut.stdout.split('\n')).toHaveLength(1001);
    expect(cut.stderr).toContain('the newest 1,000 are shown');
    const whole = await usage(alice.id, '--limit', '1300', '-o', 'ndjson');
    expect(whole.stderr).toContain('log as of');
    expect(whole.stderr).not.toContain('are shown');
  });

  it('writes nothing for a key without events and says so', async () => {
    const { code, stdout, stderr } = await usage(silent.id, '--limit', '1000', '-o', 'ndjson');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('no request of it was ever logged');
  });
});

/** Takes one piece, and no other before it is let go. */
function slowReader() {
  let arrive = (): void => {};
  let letGo = (error?: Error): void => void error;
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const go = new Promise<Error | undefined>((resolve) => {
    letGo = resolve;
  });
  const stream = new Writable({
    write(_chunk, _encoding, done) {
      arrive();
      void go.then((error) => done(error));
    },
  });
  return { stream, reached, letGo };
}

describe('in the middle of many events', () => {
  const started = async () => {
    const reader = slowReader();
    const machine = fakeMachine({ database, role: 'test_viewer', now, stdout: reader.stream });
    const running = run(['audit', 'usage', busy.id, '--limit', '40000', '-o', 'ndjson'], machine);
    await reader.reached;
    return { ...reader, machine, running };
  };

  it('an interrupt ends it with 130', async () => {
    const { machine, running, letGo } = await started();
    machine.interrupt();
    letGo();
    expect(await running).toBe(130);
  });

  it('a lost connection is 69', async () => {
    const { running, letGo } = await started();
    await admin.sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where usename = 'test_viewer' and datname = current_database()`;
    letGo();
    expect(await running).toBe(69);
  });

  it('a disk that is full is 1', async () => {
    const { machine, running, letGo } = await started();
    letGo(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    expect(await running).toBe(1);
    expect(machine.written().stderr).toContain('ENOSPC');
  });

  it('a reader that goes away is nothing wrong', async () => {
    const { running, letGo } = await started();
    letGo(Object.assign(new Error('gone'), { code: 'EPIPE' }));
    expect(await running).toBe(0);
  });
});
