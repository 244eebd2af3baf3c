import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { run } from '../../../src/program.js';
import { builtProgram } from '../../support/built-program.js';
import { fakeMachine } from '../../support/fake-machine.js';
import { freshDatabase, type TestDatabase } from '../../support/postgres.js';

const events = 40_000;

let database: TestDatabase;
let admin: Connection;
let release: string;
let breakable: string;
let folder: string;
let home: string;

beforeAll(async () => {
  [release, breakable] = await Promise.all([builtProgram(), builtProgram('failpoints')]);
  database = await freshDatabase();
  admin = await database.connect();
  await admin.sql`select keyctl.ensure_partitions(array['2026-03-02', '2026-03-09']::date[])`;
  await admin.sql`insert into keyctl.usage_events (ts, key_id, id, endpoint, user_agent)
    select '2026-03-03'::timestamptz + n * interval '1 second', 'key_aaaaaaaaaaaa', 'e-' || n, '/v1/runs', repeat('x', 60)
    from generate_series(1, ${events}::int) n`;
}, 120_000);
afterAll(() => database.drop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyctl-export-faults-'));
  home = await mkdtemp(join(tmpdir(), 'keyctl-export-home-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await rm(home, { recursive: true });
});

const usage = ['audit', 'export', '--usage', '--format', 'ndjson'];
const toFile = [...usage, '--out', 'x'];

function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { host, port } = database.settings();
  const url = `postgres://test_auditor@${encodeURIComponent(host)}:${port}/${database.name}`;
  return { PATH: process.env.PATH, HOME: home, DATABASE_URL: url, ...more };
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function ended(child: ChildProcess): Promise<Ended> {
  const [code, stdout, stderr] = await Promise.all([
    new Promise<number | null>((resolve) => child.on('close', resolve)),
    child.stdout === null ? '' : text(child.stdout).catch(() => ''),
    child.stderr === null ? '' : text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

function start(
  program: string,
  argv: readonly string[],
  given: { failpoint?: string; stdout?: number; cwd?: string } = {},
) {
  return spawn(program, [...argv], {
    env: environment(given.failpoint === undefined ? {} : { KEYCTL_FAILPOINT: given.failpoint }),
    cwd: given.cwd ?? folder,
    stdio: ['ignore', given.stdout ?? 'pipe', 'pipe'],
  });
}

const recorded = () =>
  admin.sql`select record::jsonb -> 'details' as details from keyctl.audit_log
    where action = 'audit.exported' order by seq`;
/** The rows about exports that `work` added. */
async function recordedBy(work: () => Promise<void>): Promise<Record<string, unknown>[]> {
  const before = (await recorded()).length;
  await work();
  return (await recorded()).slice(before).map((row) => row.details as Record<string, unknown>);
}
const shown = async () => (await readdir(folder)).filter((name) => !name.startsWith('.'));

describe('an export that is killed', () => {
  it.each([
    ['at the first rows', 'export.written', 0],
    ['in the middle', 'export.written@7', 0],
    ['written down and not yet in place', 'export.recorded', 1],
  ] as const)(
    '%s: nothing stands under its name, and the same command does it',
    async (_when, failpoint, rows) => {
      const known = await recordedBy(async () => {
        const killed = await ended(start(breakable, toFile, { failpoint: `${failpoint}:kill` }));
        expect(killed).toMatchObject({ code: null, stdout: '' });
        expect(killed.stderr).toContain('failpoint export.');
      });
      expect(known).toHaveLength(rows);
      expect(await shown()).toEqual([]);

      expect(await ended(start(breakable, toFile))).toMatchObject({ code: 0 });
      expect((await shown()).toSorted()).toEqual(['x', 'x.manifest.json']);
      const { rows: written } = JSON.parse(await readFile(join(folder, 'x.manifest.json'), 'utf8'));
      expect(written).toBe(events);
      expect((await readFile(join(folder, 'x'), 'utf8')).split('\n')).toHaveLength(events + 1);
    },
  );
});

it('what somebody puts under its name meanwhile is not replaced', async () => {
  const child = start(breakable, toFile, { failpoint: 'export.recorded:stop' });
  const ending = ended(child);
  await expect.poll(() => isStopped(child.pid), { timeout: 60_000 }).toBe(true);
  await writeFile(join(folder, 'x'), 'mine');
  child.kill('SIGCONT');
  const { code, stderr } = await ending;
  expect(code).toBe(2);
  expect(stderr).toContain('--out: x is there already');
  expect(await readdir(folder)).toEqual(['x']);
  expect(await readFile(join(folder, 'x'), 'utf8')).toBe('mine');
});

describe('no room for the file', () => {
  it.each([0, 256])('(a limit of %i blocks): 1, nothing left, nothing written down', async (blocks) => {
    const known = await recordedBy(async () => {
      const shell = `ulimit -f ${blocks}; exec "$0" "$@"`;
      const child = spawn('/bin/bash', ['-c', shell, release, ...toFile], {
        ...{ env: environment(), cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
      });
      const { code, stdout, stderr } = await ended(child);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(
        /^keyctl: x could not be written: no space is left \(EFBIG\); nothing of it is left\n/,
      );
    });
    expect(known).toEqual([]);
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
        const { code, stderr } = await ended(start(release, toFile, { cwd: full }));
        expect(code).toBe(1);
        expect(stderr).toContain('no space is left (ENOSPC); nothing of it is left');
      });
      expect(known).toEqual([]);
      expect(await readdir(full)).toEqual(['other']);
    } finally {
      execFileSync('umount', [full]);
    }
  });

  it.skipIf(!existsSync('/dev/full'))('on stdout: 1, and what may have left is written down', async () => {
    const descriptor = openSync('/dev/full', 'w');
    try {
      const known = await recordedBy(async () => {
        const { code, stderr } = await ended(start(release, usage, { stdout: descriptor }));
        expect(code).toBe(1);
        expect(stderr).toContain('(ENOSPC)');
      });
      expect(known).toMatchObject([{ complete: false, what: 'usage' }]);
    } finally {
      closeSync(descriptor);
    }
  });
});

it('a reader that goes away ends it quietly, and what it may have got is written down as not the whole', async () => {
  const known = await recordedBy(async () => {
    const child = start(release, usage);
    child.stdout?.once('data', () => child.stdout?.destroy());
    expect(await ended(child)).toMatchObject({ code: 0, stderr: '' });
  });
  expect(known).toMatchObject([{ complete: false, what: 'usage' }]);
  const [{ rows = 0 } = {}] = known as { rows?: number }[];
  expect(rows).toBeGreaterThan(0);
  expect(rows).toBeLessThan(events);
});

/** By its state in /proc: T after a stop signal. */
function isStopped(pid: number | undefined): boolean {
  return / T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/, ''));
}

/** Stdout that takes its first piece only when it is let go; `reached` resolves when that piece came. */
function slowReader() {
  let arrive = (): void => {};
  let letGo = (): void => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const go = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const stream = new Writable({
    write(_chunk, _encoding, done) {
      arrive();
      void go.then(() => done());
    },
  });
  return { stream, reached, letGo };
}

describe('in the middle of an export', () => {
  it('an interrupt ends it with 130, and the log says how much may have left', async () => {
    const reader = slowReader();
    const machine = fakeMachine({ database, role: 'test_auditor', stdout: reader.stream });
    const known = await recordedBy(async () => {
      const running = run(usage, machine);
      await reader.reached;
      machine.interrupt();
      reader.letGo();
      expect(await running).toBe(130);
    });
    expect(known).toMatchObject([{ complete: false, what: 'usage' }]);
    const [{ rows } = {}] = known;
    expect(machine.written().stderr).toContain(
      `interrupted; ${rows} rows at most had been written, and the audit log`,
    );
  });

  it('an interrupt leaves nothing of a file', async () => {
    const known = await recordedBy(async () => {
      const child = start(breakable, toFile, { failpoint: 'export.written@3:delay-2000' });
      child.stderr?.once('data', () => child.kill('SIGINT'));
      const { code, stderr } = await ended(child);
      expect(code).toBe(130);
      expect(stderr).toContain('nothing is kept of the export');
    });
    expect(known).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('a lost connection is 69, and what may have left is written down over a new one', async () => {
    const reader = slowReader();
    const machine = fakeMachine({ database, role: 'test_auditor', stdout: reader.stream });
    const known = await recordedBy(async () => {
      const running = run(usage, machine);
      await reader.reached;
      await admin.sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where usename = 'test_auditor' and datname = current_database()`;
      reader.letGo();
      expect(await running).toBe(69);
    });
    expect(known).toMatchObject([{ complete: false, what: 'usage' }]);
    expect(known[0]?.rows).toBeLessThan(events);
  });
});
