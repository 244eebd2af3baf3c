import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { socketPath } from '../../../src/db/settings.js';
import { builtProgram } from '../../support/built-program.js';
import { freshDatabase, servers, type TestDatabase } from '../../support/postgres.js';
import { type Fate, startProxy, type WireMessage } from '../../support/tcp-proxy.js';

let home: string;
let program: string;
let database: TestDatabase;
let admin: Connection;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyctl-due-runs-'));
  program = await builtProgram();
}, 60_000);
afterAll(() => rm(home, { recursive: true }));
afterEach(() => database.drop());

const newDirectory = () => mkdtemp(join(home, 'keys-'));

/** Keys that have been due for ten days. */
async function plantDue(count: number): Promise<void> {
  await admin.sql`
    insert into keyctl.api_keys (id, name, prefix, status, version, family_id, created_by, activated_at, salt, verifier,
      hash_scheme, fingerprint)
    select id, 'planted-' || number, 'kc', 'active', 1, id, 'test', clock_timestamp() - interval '100 days',
      substr(sha256(id::bytea), 1, 16), sha256(id::bytea), 1, 'sha256:' || left(encode(sha256(id::bytea), 'hex'), 16)
    from (select 'key_' || left(md5(number::text), 12) as id, number from generate_series(1, ${count}) number) planted`;
}

interface Ended {
  readonly code: number | null;
  readonly lines: readonly Record<string, unknown>[];
  readonly stderr: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

function start(
  args: readonly string[],
  { from = program, env = {}, url = urlOf() }: { from?: string; env?: NodeJS.ProcessEnv; url?: string } = {},
): Started {
  const argv = [
    'rotate',
    'due',
    '--reason',
    'rotation by date, cron on ops-1',
    '--yes',
    '-o',
    'ndjson',
    ...args,
  ];
  const child = spawn(from, argv, {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', DATABASE_URL: url, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      const lines = stdout.split('\n').filter((text) => text !== '');
      resolve({ code, lines: lines.map((text) => JSON.parse(text)), stderr });
    });
  });
  return { child, ended };
}

function urlOf(): string {
  const { host, port, user } = database.settings('test_operator');
  return `postgres://${user}@${encodeURIComponent(host)}:${port}/${database.name}`;
}

const rotatedIds = ({ lines }: Ended) =>
  lines.filter((line) => line.outcome === 'rotated').map((line) => String(line.old_key_id));

/** By plain SQL and the files alone: each of the planted keys has one successor, which is in use and held in its file. */
async function expectOneSuccessorEach(count: number, directory: string): Promise<void> {
  const [row] = await admin.sql`
    select count(*)::int as old, count(distinct n.id)::int as successors, count(distinct o.family_id)::int as families
    from keyctl.api_keys o join keyctl.api_keys n on n.replaces = o.id
    where o.version = 1 and o.status = 'retiring' and o.replaced_by = n.id and n.version = 2 and n.status = 'active'`;
  expect(row).toEqual({ old: count, successors: count, families: count });
  const [all] =
    await admin.sql`select count(*)::int as keys from keyctl.api_keys where status in ('active', 'pending')`;
  expect(all).toEqual({ keys: count });
  const successors =
    await admin.sql`select id, fingerprint from keyctl.api_keys where version = 2 and status = 'active'`;
  for (const { id, fingerprint } of successors) {
    const token = await readFile(join(directory, id));
    expect(`sha256:${createHash('sha256').update(token).digest('hex').slice(0, 16)}`).toBe(fingerprint);
  }
  expect((await readdir(directory)).length).toBe(count);
  const [audit] = await admin.sql`select count(*)::int as rows, count(distinct key_id)::int as keys
    from keyctl.audit_log where action = 'rotation.activated'`;
  expect(audit).toEqual({ rows: count, keys: count });
}

describe.each(servers)('runs of rotate due at once, on PostgreSQL $name', (server) => {
  beforeEach(async () => {
    database = await freshDatabase(server);
    admin = await database.connect();
  });

  it('share 500 due keys: each gets one successor, and a repeat rotates nothing', async () => {
    await plantDue(500);
    const directory = await newDirectory();
    const runs = await Promise.all([1, 2].map(() => start(['--deliver-dir', directory]).ended));
    for (const run of runs)
      expect(run).toMatchObject({ code: 0, stderr: expect.not.stringContaining('due still') });
    const rotated = runs.flatMap(rotatedIds);
    expect(rotated).toHaveLength(500);
    expect(new Set(rotated).size).toBe(500);
    for (const run of runs) expect(rotatedIds(run).length).toBeGreaterThan(0);
    await expectOneSuccessorEach(500, directory);

    const again = await start(['--deliver-dir', directory]).ended;
    expect(again).toMatchObject({ code: 0, lines: [], stderr: expect.stringContaining('nothing was due') });
    await expectOneSuccessorEach(500, directory);
  }, 120_000);
});

describe('a run that is cut off', () => {
  beforeEach(async () => {
    database = await freshDatabase();
    admin = await database.connect();
  });

  it('killed between two steps leaves at most one batch pending, which a later run takes up', async () => {
    await plantDue(250);
    const directory = await newDirectory();
    const from = await builtProgram('failpoints');
    const args = ['--deliver-dir', directory];
    const killed = await start(args, { from, env: { KEYCTL_FAILPOINT: 'rotate.staged@2:kill' } }).ended;
    expect(killed.code).toBe(null);
    const pending = async () =>
      Number(
        (await admin.sql`select count(*)::int as n from keyctl.api_keys where status = 'pending'`)[0]?.n,
      );
    const left = await pending();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(100);
    // Every line that was printed is true.
    for (const line of killed.lines) {
      const [row] = await admin.sql`select status from keyctl.api_keys where id = ${String(line.key_id)}`;
      expect(row).toEqual({ status: 'active' });
    }
    // Within the hour that batch is left to the run that may still be at it, the rest is done.
    const early = await start(args, { from }).ended;
    expect(early).toMatchObject({ code: 0 });
    expect(early.lines.filter((line) => line.outcome === 'skipped')).toHaveLength(left);
    expect(await pending()).toBe(left);

    await admin.sql`update keyctl.rotations set prepared_at = prepared_at - interval '2 hours' where activated_at is null`;
    const late = await start(args, { from }).ended;
    expect(late).toMatchObject({ code: 0 });
    expect(late.lines.map((line) => line.outcome)).toEqual(Array(left).fill('resumed'));
    await expectOneSuccessorEach(250, directory);
  }, 120_000);

  it('finishes its batch at SIGTERM, says where things stand, and exits 130', async () => {
    await plantDue(150);
    const directory = await newDirectory();
    const from = await builtProgram('failpoints');
    const run = start(['--deliver-dir', directory], {
      from,
      env: { KEYCTL_FAILPOINT: 'rotate.staged:delay-300' },
    });
    await new Promise<void>((resolve) => {
      run.child.stderr?.on('data', (text) => String(text).includes('failpoint rotate.staged') && resolve());
    });
    run.child.kill('SIGTERM');
    const ended = await run.ended;
    expect(ended.code).toBe(130);
    const rotated = rotatedIds(ended).length;
    expect([50, 100]).toContain(rotated);
    expect(ended.stderr).toContain(`interrupted: nothing is under way; ${150 - rotated} keys still due`);
    const [row] = await admin.sql`select count(*)::int as n from keyctl.api_keys where status = 'pending'`;
    expect(row?.n).toBe(0);
  }, 60_000);

  /** Loses everything from the first message on in which the client calls that function; `of`: whose message is lost first. */
  function losing(call: string, of: 'client' | 'server'): (message: WireMessage) => Fate {
    let called = false;
    return ({ from, bytes }) => {
      if (called) return 'cut';
      called = from === 'client' && bytes.includes(call);
      return called && of === 'client' ? 'cut' : 'forward';
    };
  }

  it.each<readonly [string, 'client' | 'server']>([
    ['before ACTIVATE arrives', 'client'],
    ['before the answer to ACTIVATE', 'server'],
  ])(
    'exits 75 when the connection is lost %s, and the same operation ends as one',
    async (_when, of) => {
      await plantDue(3);
      const directory = await newDirectory();
      const { host, port, user } = database.settings('test_operator');
      const path = socketPath({ host, port });
      const proxy = await startProxy({ target: { path: path ?? '' }, fate: losing('rotate_activate', of) });
      const operation = ['--deliver-dir', directory, '--operation-id', randomUUID(), '--timeout', '5s'];
      const url = `postgres://${user}@127.0.0.1:${proxy.port}/${database.name}`;
      const lost = await start(operation, { url }).ended;
      await proxy.close();
      expect(lost.code).toBe(75);
      expect(lost.lines.map((line) => line.outcome)).toEqual(['unknown', 'unknown', 'unknown']);

      const again = await start(operation).ended;
      expect(again.code).toBe(0);
      await expectOneSuccessorEach(3, directory);
    },
    60_000,
  );

  it('exits 6 when the database goes away after a part was done, and tells that part', async () => {
    await plantDue(150);
    const directory = await newDirectory();
    const { host, port, user } = database.settings('test_operator');
    let prepared = 0;
    let gone = false;
    const proxy = await startProxy({
      target: { path: socketPath({ host, port }) ?? '' },
      // The second PREPARE is a Bind of a statement that the session knows by its name: it is told by its reason.
      fate({ from, bytes }) {
        if (from === 'client' && bytes.includes('cron on ops-1')) prepared += 1;
        gone ||= prepared === 2;
        return gone ? 'cut' : 'forward';
      },
    });
    const url = `postgres://${user}@127.0.0.1:${proxy.port}/${database.name}`;
    const cut = await start(['--deliver-dir', directory, '--timeout', '5s'], { url }).ended;
    await proxy.close();
    expect([6, 75]).toContain(cut.code);
    expect(rotatedIds(cut).length).toBeGreaterThan(0);
    expect(cut.stderr).toContain('rotated in database');
    expect((await start(['--deliver-dir', directory]).ended).code).toBe(0);
  }, 60_000);
});
