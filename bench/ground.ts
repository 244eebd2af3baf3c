import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { build } from '../build.mjs';
import { type EmbeddedServer, ensureEmbedded } from '../src/db/embedded/ensure.js';
import { locate } from '../src/db/embedded/layout.js';
import { stopEmbedded } from '../src/db/embedded/stop.js';
import { migrate } from '../src/db/migrate.js';

/** What the benchmarks stand on: the program as users run it, and a PostgreSQL that is thrown away afterwards. */
export interface Ground {
  /** An empty directory for files. */
  readonly scratch: string;
  /** The built bin/keyctl. */
  readonly keyctl: string;
  /** Of a process without a database: what the user has, less what configures keyctl or libpq. */
  readonly env: NodeJS.ProcessEnv;
  /** `18.4`; the server is created and started for the first question about it. */
  serverVersion(): Promise<string>;
  /** Migrated and empty. */
  database(name: string): Promise<BenchDatabase>;
  close(): Promise<void>;
}

export interface BenchDatabase {
  /** As the superuser. */
  readonly sql: Sql;
  /** Of a process that works on this database, keyctl or psql alike. */
  readonly env: NodeJS.ProcessEnv;
  /** One more session; `end()` it. */
  connect(): Sql;
  drop(): Promise<void>;
}

const root = join(import.meta.dirname, '..');

/** Builds src/ into a place of its own, so that what is measured is what stands in src/ now. */
export async function prepareGround(): Promise<Ground> {
  const place = await mkdtemp(join(tmpdir(), 'keyctl-bench-'));
  const dataHome = join(place, 'data');
  const scratch = join(place, 'files');
  await mkdir(scratch);
  await cp(join(root, 'bin'), join(place, 'bin'), { recursive: true });
  await cp(join(root, 'package.json'), join(place, 'package.json'));
  // A copy: the schema has to stay the program's, whatever is written in the folder during a long run.
  await cp(join(root, 'drizzle'), join(place, 'drizzle'), { recursive: true });
  await build({ outdir: join(place, 'dist') }).catch(async (error: unknown) => {
    await rm(place, { recursive: true });
    throw error;
  });
  const env = plainEnvironment(place);
  let starting: Promise<EmbeddedServer> | null = null;
  const server = () => {
    starting ??= ensureEmbedded({ dataHome, create: true, searchPath: process.env.PATH ?? '' });
    return starting;
  };
  return {
    scratch,
    keyctl: join(place, 'bin/keyctl'),
    env,
    async serverVersion() {
      const sql = sessionOf(await server(), 'postgres');
      const [row] = await sql`show server_version`;
      await sql.end();
      return String(row?.server_version).split(' ')[0] ?? '';
    },
    database: async (name) =>
      await createDatabase(await server(), { name, env, drizzle: join(place, 'drizzle') }),
    async close() {
      await starting?.catch(() => {});
      // Not always below `place`: a long path, or root without namespaces, puts socket or data elsewhere.
      const { home, run } = await locate(dataHome);
      await stopEmbedded(dataHome);
      for (const path of [run, home, place]) await rm(path, { recursive: true, force: true });
    },
  };
}

function plainEnvironment(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(KEYCTL_|PG|XDG_|DATABASE_URL$)/.test(name));
  return { ...Object.fromEntries(kept), HOME: home };
}

function sessionOf({ socketDirectory, port, superuser }: EmbeddedServer, database: string): Sql {
  return postgres({ host: socketDirectory, port, user: superuser, database, max: 1, onnotice: () => {} });
}

async function createDatabase(
  server: EmbeddedServer,
  {
    name,
    env,
    drizzle,
  }: { readonly name: string; readonly env: NodeJS.ProcessEnv; readonly drizzle: string },
): Promise<BenchDatabase> {
  const admin = sessionOf(server, 'postgres');
  await admin.unsafe(`create database ${name}`);
  const sql = sessionOf(server, name);
  await migrate(sql, drizzle);
  const { socketDirectory, port, superuser } = server;
  return {
    sql,
    env: { ...env, PGHOST: socketDirectory, PGPORT: String(port), PGUSER: superuser, PGDATABASE: name },
    connect: () => sessionOf(server, name),
    async drop() {
      await sql.end();
      await admin.unsafe(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}
