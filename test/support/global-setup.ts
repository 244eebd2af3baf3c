import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { connect } from '../../src/db/connect.js';
import { startDeadline } from '../../src/db/deadline.js';
import { type Binaries, binariesIn, findBinaries } from '../../src/db/embedded/binaries.js';
import { createCluster } from '../../src/db/embedded/create.js';
import { type Layout, layoutUnder } from '../../src/db/embedded/layout.js';
import { embeddedConnection } from '../../src/db/embedded/open.js';
import { chooseServerUser } from '../../src/db/embedded/server-user.js';
import { startServer } from '../../src/db/embedded/start.js';
import { migrate } from '../../src/db/migrate.js';
import { certificateSettings } from './certificates.js';

/** One PostgreSQL of the test run, as handed to the test files. */
export interface TestServer {
  /** Its major version: `18`. */
  readonly name: string;
  readonly socketDirectory: string;
  readonly port: number;
  /** The directory of the test certificates; null where there is no openssl to make them. */
  readonly certificates: string | null;
  /** Why the template has no schema; null when it has. */
  readonly problem: string | null;
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: TestServer[];
    /** A directory that goes away with the run, after every server in it was stopped. */
    scratch: string;
  }
}

/** Logins for tests, one in each of the kernel's groups: `test_operator` is a member of `keyctl_operator`. */
export const testRoles = ['viewer', 'operator', 'admin', 'auditor', 'gateway'] as const;

export const templateName = 'keyctl_template';

/** Starts npm's PostgreSQL and the machine's 15, each with a migrated template; both are gone when the run ends, however it ends. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const all = await Promise.all([findBinaries(''), binariesIn('/usr/lib/postgresql/15/bin', 'machine')]);
  const found = all.filter((binaries) => binaries !== null);
  if (all[1] === null)
    project.vitest.logger.log('no PostgreSQL 15 on this machine: its tests run on the newer one only');
  const home = await mkdtemp(join(tmpdir(), 'keyctl-test-'));
  // Servers that run as another user have to get through (F8).
  await chmod(home, 0o711);
  const watchdog = startWatchdog(home);
  const certificates = await certificateSettings(home);
  const servers = await Promise.all(found.map((binaries) => startTestServer(home, binaries, certificates)));
  project.provide('servers', servers);
  project.provide('scratch', home);
  return () => ended(watchdog);
}

/**
 * Stops the servers and removes `home` when its stdin closes: at the end of the run, and also when the run is killed. An
 * immediate shutdown, since nothing in there is kept.
 */
function startWatchdog(home: string): ChildProcess {
  const script = `
    while read -r _; do :; done
    # Twice and more: the workers of a killed run may still be starting servers.
    for _ in 1 2 3 4 5; do
      find "$0" -name postmaster.pid | while read -r file; do
        kill -QUIT "$(head -n 1 "$file")"
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do test -f "$file" && sleep 0.1; done
      done
      rm -rf "$0" && break
      sleep 1
    done`;
  return spawn('/bin/sh', ['-c', script, home], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
}

function ended(watchdog: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    watchdog.once('exit', () => resolve());
    watchdog.stdin?.end();
  });
}

async function startTestServer(
  home: string,
  binaries: Binaries,
  certificates: readonly string[] | null,
): Promise<TestServer> {
  const layout = layoutUnder(join(home, String(binaries.major)), await freePort());
  const user = await chooseServerUser(binaries);
  await mkdir(layout.home, { mode: 0o700 });
  await createCluster(layout, binaries, user, { durable: false });
  const rules = join(layout.data, 'pg_hba.conf');
  await writeFile(rules, hostRules + (await readFile(rules, 'utf8')));
  await startServer(layout, {
    binaries,
    user,
    deadline: startDeadline(60_000),
    settings: ['listen_addresses=127.0.0.1', ...speed, ...(certificates ?? [])],
  });
  const problem = await makeTemplate(layout).then(
    () => null,
    (error: unknown) => String(error),
  );
  return {
    name: String(binaries.major),
    socketDirectory: layout.run,
    port: layout.port,
    certificates: certificates === null ? null : home,
    problem,
  };
}

/** Nothing survives the run anyway; with fsync a database per test file would cost most of its time. */
const speed = ['fsync=off', 'full_page_writes=off', 'max_connections=200', 'shared_buffers=64MB'];

/** Before initdb's own rules for TCP, which reject. The first rule that fits counts, so the file ends with theirs. */
const hostRules = `
host all test_password 127.0.0.1/32 scram-sha-256
hostssl all all 127.0.0.1/32 trust
hostnossl all test_plain 127.0.0.1/32 trust
`;

async function makeTemplate(layout: Layout): Promise<void> {
  const settings = (database: string) => ({
    ...embeddedConnection(layout.run, database, 'postgres'),
    port: layout.port,
  });
  const admin = await connect(settings('postgres'), { timeoutMs: 60_000 });
  await admin.sql.unsafe(`create database ${templateName}`);
  const template = await connect(settings(templateName), { timeoutMs: 120_000, lockTimeoutMs: 60_000 });
  try {
    await migrate(template.sql, join(import.meta.dirname, '../../drizzle'));
    for (const role of testRoles) {
      await template.sql.unsafe(`create role test_${role} login in role keyctl_${role}`);
    }
  } finally {
    await template.close();
    await admin.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
