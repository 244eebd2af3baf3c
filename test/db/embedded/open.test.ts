import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Connection } from '../../../src/db/connect.js';
import { startDeadline } from '../../../src/db/deadline.js';
import { binariesIn, copyBinaries, findBinaries } from '../../../src/db/embedded/binaries.js';
import { createCluster, giveTo } from '../../../src/db/embedded/create.js';
import { ensureEmbedded } from '../../../src/db/embedded/ensure.js';
import { layoutUnder, makePrivate } from '../../../src/db/embedded/layout.js';
import { openEmbedded } from '../../../src/db/embedded/open.js';
import { grantEmbeddedMemberships } from '../../../src/db/embedded/roles.js';
import { chooseServerUser } from '../../../src/db/embedded/server-user.js';
import { startServer } from '../../../src/db/embedded/start.js';
import { embeddedStatus, stopEmbedded } from '../../../src/db/embedded/stop.js';
import { bundled, runChild } from '../../support/child.js';

const homes: string[] = [];

/** A data home that does not exist yet, in a directory of its own. */
async function newHome(name = 'keyctl'): Promise<string> {
  const home = join(await mkdtemp(join(inject('scratch'), 'embedded-')), name);
  homes.push(home);
  return home;
}

/** A created and running one, without waiting for the disk. */
async function runningHome(): Promise<string> {
  const home = await newHome();
  const layout = layoutUnder(home);
  const binaries = await findBinaries('');
  if (binaries === null) throw new Error('no PostgreSQL');
  const user = await chooseServerUser(binaries);
  await makePrivate(home);
  await createCluster(layout, binaries, user, { durable: false });
  await startServer(layout, { binaries, user, deadline: startDeadline(30_000) });
  return home;
}

const open = (dataHome: string, create = true, as: 'keyctl' | 'postgres' = 'keyctl'): Promise<Connection> =>
  openEmbedded({ kind: 'embedded', database: 'keyctl', dataHome }, { timeoutMs: 20_000, create, as });

async function ask(
  dataHome: string,
  statement: string,
  as: 'keyctl' | 'postgres' = 'keyctl',
): Promise<unknown> {
  const connection = await open(dataHome, true, as);
  try {
    return [...(await connection.sql.unsafe(statement))].at(-1);
  } finally {
    await connection.close();
  }
}

const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

afterAll(async () => {
  // The rest is removed with the run; a short run directory lies outside of it.
  for (const home of homes) await rm(layoutUnder(home).run, { recursive: true, force: true }).catch(() => {});
});

describe('an embedded database that is not there', () => {
  it('is refused to a command that may not create it, and nothing is created', async () => {
    const home = await newHome();
    await expect(open(home, false)).rejects.toMatchObject({
      code: 'no_database_configured',
      exitCode: 78,
      hint: 'set DATABASE_URL, or run: keyctl db start',
    });
    expect(await readdir(dirname(home))).toEqual([]);
    expect(await embeddedStatus(home)).toMatchObject({ state: 'absent', major: null, pid: null });
    expect(await stopEmbedded(home)).toBe(false);
  });

  it('is created: private, without network, durable, and used by a role that is no superuser', async () => {
    const home = await newHome();
    expect(
      await ask(
        home,
        `select session_user as role, current_database() as database, current_setting('listen_addresses') as network,
                current_setting('fsync') as fsync, current_setting('data_checksums') as checksums,
                (select rolsuper from pg_roles where rolname = session_user) as super`,
      ),
    ).toEqual({
      role: 'keyctl',
      database: 'keyctl',
      network: '',
      fsync: 'on',
      checksums: 'on',
      super: false,
    });
    expect([await mode(home), await mode(join(home, 'data')), await mode(join(home, 'run'))]).toEqual([
      '700',
      '700',
      '700',
    ]);
    expect(await mode(join(home, 'server.log'))).toBe('600');
  });

  it('is created once by eight first commands at the same moment, whose output ends with them', async () => {
    const home = await newHome();
    const program = await bundled(join(import.meta.dirname, 'opener.ts'));
    const results = await Promise.all(
      Array.from({ length: 8 }, () => runChild('node', [program, home, 'create'])),
    );
    for (const result of results) {
      expect(result).toEqual({ status: 0, stdout: expect.stringMatching(/^keyctl on 1[5-9]/), stderr: '' });
    }
    const log = await readFile(join(home, 'server.log'), 'utf8');
    expect(log.match(/starting PostgreSQL/g)).toHaveLength(1);
    expect((await readdir(home)).sort()).toEqual(['data', 'run', 'server.log']);
  });
});

describe('an embedded database that is there', () => {
  let home: string;
  beforeAll(async () => {
    home = await runningHome();
    await ask(home, 'create table public.kept as select 42 as n', 'postgres');
    await ask(home, 'grant select on public.kept to keyctl', 'postgres');
  });
  const kept = () => ask(home, 'select n from public.kept');
  const pid = async (): Promise<number> => (await embeddedStatus(home)).pid ?? Number.NaN;

  it('stays as it is for the next command', async () => {
    const before = await pid();
    expect(await kept()).toEqual({ n: 42 });
    expect(await pid()).toBe(before);
  });

  it('is started again after a stop, also by a command that may not create one', async () => {
    expect(await stopEmbedded(home)).toBe(true);
    expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped', pid: null });
    expect(await stopEmbedded(home)).toBe(false);
    const connection = await open(home, false);
    await connection.close();
    expect(await kept()).toEqual({ n: 42 });
  });

  it('is started again after its server was killed, as soon as the last of its processes is gone (F33)', async () => {
    const busy = await open(home);
    const [row] = await busy.sql`select pg_backend_pid() as pid`;
    const lost = busy.sql`select pg_sleep(60)`.catch((error: unknown) => error);
    process.kill(Number(row?.pid), 'SIGSTOP');
    process.kill(await pid(), 'SIGKILL');
    const answer = kept();
    const log = () => readFile(join(home, 'server.log'), 'utf8');
    await expect.poll(log, { timeout: 60_000 }).toContain('still in use');
    process.kill(Number(row?.pid), 'SIGCONT');
    expect(await answer).toEqual({ n: 42 });
    await lost;
    busy.destroy();
  });

  it('is started again though its left-over pid file names a process of somebody else', async () => {
    await stopEmbedded(home);
    // Not this process: PostgreSQL itself overlooks the pids of its parents.
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
    const pidFile = [
      stranger.pid,
      join(home, 'data'),
      '0',
      '5432',
      join(home, 'run'),
      '',
      '',
      'ready   ',
      '',
    ];
    await writeFile(join(home, 'data/postmaster.pid'), pidFile.join('\n'));
    expect(await embeddedStatus(home)).toMatchObject({ state: 'stopped' });
    expect(await stopEmbedded(home)).toBe(false);
    expect(await kept()).toEqual({ n: 42 });
    stranger.kill();
  });

  it('is started again though somebody died while starting it', async () => {
    await stopEmbedded(home);
    await mkdir(join(home, 'starting'));
    const long = new Date(Date.now() - 60_000);
    await utimes(join(home, 'starting'), long, long);
    expect(await kept()).toEqual({ n: 42 });
  });

  it('without the database in it is the same as none, unless it may be created', async () => {
    const demo = { kind: 'embedded', database: 'keyctl_demo', dataHome: home } as const;
    await expect(openEmbedded(demo, { timeoutMs: 5000, create: false })).rejects.toMatchObject({
      exitCode: 78,
    });
    const made = await Promise.all(
      [1, 2, 3].map(() => openEmbedded(demo, { timeoutMs: 20_000, create: true })),
    );
    for (const connection of made) await connection.close();
    expect(made.map(({ target }) => target.database)).toEqual(Array(3).fill('keyctl_demo'));
  });

  it('gives its role the groups that there are, once, however often and at once it is asked', async () => {
    const [first, second] = [await open(home, true, 'postgres'), await open(home, true, 'postgres')];
    await first.sql.unsafe('create role keyctl_operator; create role keyctl_auditor');
    await Promise.all([first, second, first].map(({ sql }) => grantEmbeddedMemberships(sql)));
    const groups = await first.sql`select roleid::regrole::text as name from pg_auth_members
      where member = 'keyctl'::regrole order by 1`;
    expect(groups.map(({ name }) => name)).toEqual(['keyctl_auditor', 'keyctl_operator']);
    for (const { close } of [first, second]) await close();
  });

  it('is refused when others can enter its directory', async () => {
    await chmod(join(home, 'run'), 0o755);
    await expect(open(home)).rejects.toMatchObject({ exitCode: 73, hint: `chmod 700 ${join(home, 'run')}` });
    await chmod(join(home, 'run'), 0o700);
  });

  it('does not write refused rows into its log (F41)', async () => {
    const statement = `create temp table t (salt text not null, n int not null); insert into t values ('canary-in-row', null)`;
    await expect(ask(home, statement)).rejects.toThrow();
    const log = await readFile(join(home, 'server.log'), 'utf8');
    expect(log).toContain('null value in column');
    expect(log).not.toContain('canary-in-row');
  });
});

describe('where it lies', () => {
  it('does not matter to the socket: a long path gets a short, private run directory', async () => {
    const home = await newHome(`${'long'.repeat(30)}`);
    const { run } = layoutUnder(home);
    expect(run).toMatch(/\/keyctl-\d+-[0-9a-f]{8}$/);
    await ensureEmbedded({ dataHome: home, create: true });
    expect(await mode(run)).toBe('700');
    expect(await ask(home, 'select 1 as one')).toEqual({ one: 1 });
  });

  it('is refused when somebody else prepared that directory', async () => {
    const home = await newHome('path'.repeat(30));
    await mkdir(layoutUnder(home).run);
    await chmod(layoutUnder(home).run, 0o777);
    await expect(open(home)).rejects.toMatchObject({ code: 'embedded_not_private', exitCode: 73 });
  });

  it('is refused with 73 when nothing can be created there', async () => {
    const home = await newHome();
    await writeFile(home, 'a file');
    await expect(open(home)).rejects.toMatchObject({ exitCode: 73 });
  });

  it('a left-over attempt of initdb is swept', async () => {
    const home = await newHome();
    await makePrivate(home);
    await mkdir(join(home, 'data.killed'));
    await ensureEmbedded({ dataHome: home, create: true });
    expect(await readdir(home)).not.toContain('data.killed');
  });
});

describe('which server and as whom', () => {
  it('a cluster is opened by the version that made it', async () => {
    const old = await binariesIn('/usr/lib/postgresql/15/bin', 'machine');
    if (old === null) return;
    const home = await newHome();
    await makePrivate(home);
    await createCluster(layoutUnder(home), old, await chooseServerUser(old), { durable: false });
    expect(
      (await ask(home, 'select current_setting($$server_version$$) as version')) as object,
    ).toMatchObject({
      version: expect.stringMatching(/^15/),
    });
    expect(await embeddedStatus(home)).toMatchObject({ major: 15, state: 'running' });
  });

  it.runIf(userInfo().uid === 0)('a plain user starts it as himself (F8)', async () => {
    const home = await newHome();
    await chmod(dirname(home), 0o777);
    const program = await bundled(join(import.meta.dirname, 'opener.ts'));
    const plain = ['--reuid=65534', '--regid=65534', '--clear-groups', 'node', program, home, 'create'];
    expect(await runChild('setpriv', plain)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^keyctl on/),
    });
    expect((await stat(join(home, 'data'))).uid).toBe(65_534);
  });

  it.runIf(userInfo().uid === 0)(
    'root’s runs as another user with copied programs where namespaces are forbidden (F8)',
    async () => {
      const found = await findBinaries('');
      if (found === null) throw new Error('no PostgreSQL');
      const home = await newHome();
      await chmod(dirname(home), 0o755);
      const user = { kind: 'switched', name: 'nobody', uid: 65_534, gid: 65_534 } as const;
      const layout = layoutUnder(home);
      await makePrivate(home);
      await giveTo(user, home);
      const binaries = await copyBinaries(found, home);
      expect(binaries.directory).toBe(join(home, `postgresql-${found.version}/native/bin`));
      await createCluster(layout, binaries, user, { durable: false });
      await startServer(layout, { binaries, user, deadline: startDeadline(30_000) });
      expect(await ask(home, 'select session_user as role')).toEqual({ role: 'keyctl' });
    },
  );
});
