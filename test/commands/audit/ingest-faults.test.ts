import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { run } from '../../../src/program.js';
import { bundled } from '../../support/child.js';
import { type FakeOptions, fakeMachine, runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { type SeededKey, seedKey } from '../../support/seed-keys.js';

let database: TestDatabase;
let admin: Connection;
let folder: string;
let key: SeededKey;
let turn = 0;

beforeAll(async () => {
  database = await freshDatabase();
  admin = await database.connect();
  folder = await mkdtemp(join(tmpdir(), 'keyctl-ingest-faults-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});
beforeEach(async () => {
  key = await seedKey(admin);
  turn++;
});

const ingest = (argv: readonly string[], options: FakeOptions = {}) =>
  runCommand(['audit', 'ingest', ...argv, '--json'], {
    database,
    role: 'test_operator',
    workingDirectory: folder,
    ...options,
  });

/** Lines without request ids, some of them equal. */
function log(events: number, name: string = key.id): string {
  const day = Date.UTC(2023, 0, 1 + turn);
  const line = (n: number) =>
    JSON.stringify({
      ts: new Date(day + (n - (n % 3)) * 100).toISOString(),
      key: name,
      endpoint: `/${n % 2}`,
    });
  return Array.from({ length: events }, (_, n) => `${line(n)}\n`).join('');
}

async function filed(): Promise<number> {
  const [row] =
    await admin.sql`select count(*)::int as events from keyctl.usage_events where key_id = ${key.id}`;
  return row?.events ?? 0;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('an ingest that is interrupted', () => {
  it('files what was read, says how much, exits 130, and goes on when it is run again', async () => {
    const whole = log(70_000);
    const cut = whole.length * 0.8;
    const stdin = new PassThrough();
    const machine = fakeMachine({ database, role: 'test_operator', stdin });
    const running = run(['audit', 'ingest', '-', '--format', 'ndjson', '--json'], machine);
    stdin.write(whole.slice(0, cut));
    await until(async () => (await filed()) > 0);
    machine.interrupt();
    expect(await running).toBe(130);
    const { stdout, stderr } = machine.written();
    expect(stdout).toBe('');
    const { error } = JSON.parse(stderr);
    const events = await filed();
    expect(error).toMatchObject({ code: 'interrupted', exit_code: 130, outcome: 'partial' });
    expect(error.message).toBe(`interrupted; ${events} events were filed until then`);
    const [row] = await admin.sql`select record::jsonb -> 'answer' as answer from keyctl.audit_log
      where action = 'db.ingested' order by seq desc limit 1`;
    expect(row?.answer).toMatchObject({ events, complete: false });

    await writeFile(join(folder, 'whole.ndjson'), whole);
    expect(JSON.parse((await ingest(['whole.ndjson'])).stdout)).toMatchObject({
      events: 70_000 - events,
      duplicates: events,
    });
    expect(await filed()).toBe(70_000);
  });

  it('says that nothing was filed when it was too early', async () => {
    const stdin = new PassThrough();
    const machine = fakeMachine({ database, role: 'test_operator', stdin });
    stdin.write('a line that never ends');
    const running = run(['audit', 'ingest', '-', '--format', 'ndjson'], machine);
    await until(
      async () => (await admin.sql`select 1 from keyctl.ingest_runs where closed_at is null`).length > 0,
    );
    machine.interrupt();
    expect(await running).toBe(130);
    expect(machine.written().stderr).toContain('interrupted; 0 events were filed until then');
  });
});

describe('an ingest that is killed', () => {
  it('and repeated has nothing doubled and nothing lost', async () => {
    const program = await bundled(join(import.meta.dirname, '../../../src/main.ts'));
    const { host, port, user } = database.settings('test_operator');
    const DATABASE_URL = `postgres://${user}@${encodeURIComponent(host)}:${port}/${database.name}`;
    const start = (argv: string[]): ChildProcess =>
      spawn(process.execPath, [program, 'audit', 'ingest', ...argv], {
        env: { PATH: process.env.PATH, HOME: folder, DATABASE_URL },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
    const whole = log(70_000);
    const child = start(['-', '--format', 'ndjson']);
    child.stdin?.on('error', () => {});
    child.stdin?.write(whole.slice(0, whole.length * 0.9));
    await until(async () => (await filed()) > 0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const before = await filed();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(70_000);

    await writeFile(join(folder, 'killed.ndjson'), whole);
    const { code, stdout } = await ingest(['killed.ndjson']);
    expect(code).toBe(0);
    // What the server finished after the kill counts as well: the sum is what matters.
    const { events, duplicates } = JSON.parse(stdout);
    expect(events + duplicates).toBe(70_000);
    expect(await filed()).toBe(70_000);
    const ids =
      await admin.sql`select count(distinct (ts, id))::int as ids from keyctl.usage_events where key_id = ${key.id}`;
    expect(ids[0]?.ids).toBe(70_000);
  });

  it('is closed a day later by the next one, with the audit row that it owes', async () => {
    const run = '00000000-0000-4000-8000-000000000001';
    const operator = await database.connect('test_operator');
    await operator.sql`select keyctl.ingest_open(${run}::uuid)`;
    await admin.sql`update keyctl.ingest_runs set opened_at = opened_at - interval '2 days', events = 7 where run_id = ${run}`;
    await writeFile(join(folder, 'next.ndjson'), log(1));
    expect((await ingest(['next.ndjson'])).code).toBe(0);
    const rows =
      await admin.sql`select record::jsonb as record from keyctl.audit_log where operation_id = ${run}`;
    expect(rows).toMatchObject([
      {
        record: {
          action: 'db.ingested',
          details: { left_open_by: 'test_operator' },
          answer: { events: 7, complete: false },
        },
      },
    ]);
    const left =
      await admin.sql`select relname from pg_class where relname like 'inbox_00000000000040008000%'`;
    expect(left).toHaveLength(0);
  });
});

describe('an ingest whose database goes away', () => {
  it('says what was filed before, and is finished by running it again', async () => {
    await writeFile(join(folder, 'lost.ndjson'), log(110_000));
    const running = ingest(['lost.ndjson']);
    await until(async () => (await filed()) > 0);
    await admin.sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'test_operator' and datname = current_database()`;
    const { code, stdout, stderr } = await running;
    const again = await ingest(['lost.ndjson']);
    // Killed between two statements, the session is replaced and all goes well; in a COPY it is not.
    if (code === 0) expect(JSON.parse(stdout)).toMatchObject({ events: 110_000 });
    else {
      expect([69, 75]).toContain(code);
      expect(stdout).toBe('');
      expect(JSON.parse(stderr).error.message).toMatch(/; \d+ events were filed before that$/);
    }
    expect(again.code).toBe(0);
    expect(await filed()).toBe(110_000);
  });
});

describe('an operation that is repeated', () => {
  it('gives the first answer and reads nothing twice', async () => {
    const operation = '6f1c1e0a-7d5e-4e0b-9a53-1d2f3c4b5a69';
    await writeFile(join(folder, 'op.ndjson'), `${log(5)}nonsense\n`);
    const first = await ingest(['op.ndjson', '--operation-id', operation]);
    expect(JSON.parse(first.stdout)).toMatchObject({ operation_id: operation, events: 5, rejected: 1 });
    const second = await ingest(['op.ndjson', '--operation-id', operation]);
    expect(second).toEqual(first);
    const rows = await admin.sql`select 1 from keyctl.audit_log where operation_id = ${operation}`;
    expect(rows).toHaveLength(1);
  });
});

describe('several at once', () => {
  it('ingests of one log file each event once, and none fails', async () => {
    await writeFile(join(folder, 'twice.ndjson'), log(5000));
    const reversed = log(5000).trimEnd().split('\n').reverse().join('\n');
    await writeFile(join(folder, 'reversed.ndjson'), reversed);
    const names = ['twice.ndjson', 'reversed.ndjson', 'twice.ndjson'];
    const outcomes = await Promise.all(names.map((name) => ingest([name])));
    expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array(3).fill({ code: 0, stderr: '' }),
    );
    const counts = outcomes.map(({ stdout }) => JSON.parse(stdout));
    expect(counts.reduce((sum, each) => sum + each.events, 0)).toBe(5000);
    expect(await filed()).toBe(5000);
  });

  it('ingests adopt a name once', async () => {
    const names = Array.from({ length: 700 }, (_, n) => `both-${n}`);
    const lines = names.map((name) =>
      JSON.stringify({ ts: '2023-01-01T00:00:00Z', key: name, status: 200, request_id: name }),
    );
    await writeFile(join(folder, 'both.ndjson'), lines.join('\n'));
    const outcomes = await Promise.all([1, 2].map(() => ingest(['both.ndjson', '--adopt'])));
    expect(outcomes.map((each) => each.code)).toEqual([0, 0]);
    const counts = outcomes.map(({ stdout }) => JSON.parse(stdout));
    expect(counts.reduce((sum, each) => sum + each.keys_adopted, 0)).toBe(700);
    const [row] =
      await admin.sql`select count(*)::int as audited from keyctl.audit_log l join keyctl.api_keys k on k.id = l.key_id
      where l.action = 'key.imported' and k.external_id like 'both-%'`;
    expect(row?.audited).toBe(700);
  });

  it('a key is revoked while a batch of its events is being filed', async () => {
    const line = log(1);
    const { ts } = JSON.parse(line);
    const blocker = await database.connect();
    // Somebody else's unfinished insert of the same event: the batch has to wait for its end.
    await blocker.sql.unsafe(`begin; select keyctl.ensure_partitions(array['${ts}'::date]);
      insert into keyctl.usage_events (ts, key_id, id, request_id) values ('${ts}', '${key.id}', 'held', 'held')`);
    await writeFile(join(folder, 'held.ndjson'), JSON.stringify({ ts, key: key.id, request_id: 'held' }));
    const running = ingest(['held.ndjson']);
    await until(async () => {
      const [row] = await admin.sql`select count(*)::int as waiting from pg_stat_activity
        where wait_event = 'transactionid' and query like '%ingest_take%' and datname = current_database()`;
      return (row?.waiting ?? 0) > 0;
    });
    const revoked = await runCommand(
      ['revoke', key.id, '--reason', 'leaked in acme/app', '--yes', '--json'],
      {
        database,
        role: 'test_operator',
      },
    );
    expect(revoked.code).toBe(0);
    await blocker.sql.unsafe('commit');
    expect(JSON.parse((await running).stdout)).toMatchObject({ events: 0, duplicates: 1 });
  });
});
