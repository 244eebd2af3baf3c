import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { builtProgram } from '../../support/built-program.js';
import { runCommand } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';
import { incidentLog, seedIncident } from '../../support/seed-incident.js';
import { seedKey } from '../../support/seed-keys.js';
import { ndjson, readTar } from '../../support/tar.js';

const events = 30_000;

let database: TestDatabase;
let admin: Connection;
let breakable: string;
let home: string;
let folder: string;
let incidentId: string;

beforeAll(async () => {
  breakable = await builtProgram('failpoints');
  database = await freshDatabase();
  admin = await database.connect();
  const key = await seedKey(admin);
  incidentId = await seedIncident(admin, { keyIds: [key.id] });
  const { sql } = admin;
  await sql`select keyctl.ensure_partitions(array[current_date - 1, current_date])`;
  await sql`insert into keyctl.usage_events (ts, key_id, id, endpoint, user_agent)
    select clock_timestamp() - n * interval '1 second', ${key.id}::text, 'e-' || n, '/v1/runs', repeat('x', 60)
    from generate_series(1, ${events}::int) n`;
  home = await mkdtemp(join(tmpdir(), 'keyctl-bundle-home-'));
  const made = await runCommand(['audit', 'checkpoint', '--init'], { database, role: 'test_operator', home });
  expect(made).toMatchObject({ code: 0 });
}, 120_000);
afterAll(async () => {
  await rm(home, { recursive: true });
  await database.drop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyctl-bundle-faults-'));
});
afterEach(() => rm(folder, { recursive: true }));

const argv = () => ['incidents', 'bundle', incidentId, '--out', 'b.tar'];

function environment(failpoint?: string): NodeJS.ProcessEnv {
  const { host, port } = database.settings();
  const url = `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}`;
  const more = failpoint === undefined ? {} : { KEYCTL_FAILPOINT: failpoint };
  return { PATH: process.env.PATH, HOME: home, DATABASE_URL: url, ...more };
}

function start(failpoint?: string, cwd = folder): ChildProcess {
  return spawn(breakable, argv(), { env: environment(failpoint), cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ended(child: ChildProcess) {
  const [code, stdout, stderr] = await Promise.all([
    new Promise<number | null>((resolve) => child.on('close', resolve)),
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

const bundles = async () =>
  (await incidentLog(admin, incidentId)).filter(({ action }) => action === 'incident.bundled').length;
/** How many rows `work` added. */
async function recordedBy(work: () => Promise<void>): Promise<number> {
  const before = await bundles();
  await work();
  return (await bundles()) - before;
}
/** By its state in /proc: T after a stop signal. */
const stopped = ({ pid }: ChildProcess) =>
  expect
    .poll(() => / T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/, '')), {
      timeout: 60_000,
    })
    .toBe(true);
const shown = async () => (await readdir(folder)).filter((name) => !name.startsWith('.'));

describe('a bundle whose maker is killed', () => {
  it.each([
    ['before its first part', 'bundle.part', 0],
    ['in the middle of the usage', 'bundle.usage@3', 0],
    ['whole and not yet written down', 'bundle.sealed', 0],
    ['written down and not yet in place', 'bundle.recorded', 1],
  ] as const)(
    '%s: nothing stands under its name, and the same command makes it',
    async (_when, failpoint, rows) => {
      const known = await recordedBy(async () => {
        const killed = await ended(start(`${failpoint}:kill`));
        expect(killed).toMatchObject({ code: null, stdout: '' });
        expect(killed.stderr).toContain('failpoint bundle.');
      });
      expect(known).toBe(rows);
      expect(await shown()).toEqual([]);

      expect(await recordedBy(async () => void expect(await ended(start())).toMatchObject({ code: 0 }))).toBe(
        1,
      );
      expect(await shown()).toEqual(['b.tar']);
      const parts = readTar(await readFile(join(folder, 'b.tar')));
      expect(ndjson(parts.get(`${incidentId}/usage.ndjson`))).toHaveLength(events);
    },
  );
});

describe('no room for it', () => {
  it.each([0, 256, 4096])('(a limit of %i blocks): 1, nothing left, nothing written down', async (blocks) => {
    const known = await recordedBy(async () => {
      const shell = `ulimit -f ${blocks}; exec "$0" "$@"`;
      const child = spawn('/bin/bash', ['-c', shell, breakable, ...argv()], {
        ...{ env: environment(), cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
      });
      const { code, stdout, stderr } = await ended(child);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(
        /^keyctl: b\.tar could not be written: no space is left \(EFBIG\); nothing of it is left\n/,
      );
    });
    expect(known).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it('(a full file system): 1, nothing left, nothing written down', async (test) => {
    const full = join(folder, 'full');
    await mkdir(full);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', full]).status === 0;
    if (!mounted) return test.skip('no right to mount: the limit above has to do');
    try {
      await writeFile(join(full, 'other'), 'mine');
      const known = await recordedBy(async () => {
        const { code, stderr } = await ended(start(undefined, full));
        expect(code).toBe(1);
        expect(stderr).toContain('no space is left (ENOSPC); nothing of it is left');
      });
      expect(known).toBe(0);
      expect(await readdir(full)).toEqual(['other']);
    } finally {
      execFileSync('umount', [full]);
    }
  });
});

describe('in the middle of it', () => {
  it('an interrupt leaves nothing (130)', async () => {
    const known = await recordedBy(async () => {
      const child = start('bundle.usage@2:delay-2000');
      child.stderr?.once('data', () => child.kill('SIGINT'));
      const { code, stderr } = await ended(child);
      expect(code).toBe(130);
      expect(stderr).toContain('interrupted; nothing is kept of the bundle');
    });
    expect(known).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it('a database that is lost leaves nothing (69)', async () => {
    const known = await recordedBy(async () => {
      const child = start('bundle.usage@2:stop');
      const ending = ended(child);
      await stopped(child);
      await admin.sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where usename = 'test_operator' and datname = current_database()`;
      child.kill('SIGCONT');
      expect((await ending).code).toBe(69);
    });
    expect(known).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it('what somebody puts under its name meanwhile is not replaced', async () => {
    const child = start('bundle.recorded:stop');
    const ending = ended(child);
    await stopped(child);
    await writeFile(join(folder, 'b.tar'), 'mine');
    child.kill('SIGCONT');
    const { code, stderr } = await ending;
    expect(code).toBe(2);
    expect(stderr).toContain('--out: b.tar is there already');
    expect(await readdir(folder)).toEqual(['b.tar']);
    expect(await readFile(join(folder, 'b.tar'), 'utf8')).toBe('mine');
  });
});
