import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { build } from '../build.mjs';
import { type EmbeddedServer, ensureEmbedded } from '../src/db/embedded/ensure.js';
import { locate } from '../src/db/embedded/layout.js';
import { stopEmbedded } from '../src/db/embedded/stop.js';
import { migrate } from '../src/db/migrate.js';
import { journalNames } from '../src/db/schema-files.js';

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
  /** The server whose databases are kept, below `cache`; without one the server that is thrown away. */
  kept(): Promise<BenchServer>;
  close(): Promise<void>;
}

export interface BenchServer {
  /** False also when its tables were made by migrations whose texts were others. */
  has(name: string): Promise<boolean>;
  /** Migrated and empty; one that stands there under this name is dropped. */
  create(name: string): Promise<BenchDatabase>;
  /** Brought up to the schema of this program. */
  open(name: string): Promise<BenchDatabase>;
  /** Drops what stood under the new name. */
  rename(from: string, to: string): Promise<void>;
}

export interface BenchDatabase {
  /** As the superuser. */
  readonly sql: Sql;
  /** Of a process that works on this database, keyctl or psql alike. */
  readonly env: NodeJS.ProcessEnv;
  /** One more session; `end()` it. */
  connect(): Sql;
  close(): Promise<void>;
  drop(): Promise<void>;
}

const root = join(import.meta.dirname, '..');

/**
 * Builds src/ into a place of its own, so that what is measured is what stands in src/ now.
 * @param cache a directory that outlives the run, for data that takes long to make; null: none
 */
export async function prepareGround(cache: string | null = null): Promise<Ground> {
  const place = await mkdtemp(join(tmpdir(), 'keyctl-bench-'));
  const scratch = join(place, 'files');
  await mkdir(scratch);
  await cp(join(root, 'bin'), join(place, 'bin'), { recursive: true });
  await cp(join(root, 'package.json'), join(place, 'package.json'));
  // A copy: the schema has to stay the program's, whatever is written in the folder during a long run.
  const drizzle = join(place, 'drizzle');
  await cp(join(root, 'drizzle'), drizzle, { recursive: true });
  await build({ outdir: join(place, 'dist') }).catch(async (error: unknown) => {
    await rm(place, { recursive: true });
    throw error;
  });
  const env = plainEnvironment(place);
  const passing = lazyServer(join(place, 'data'), { env, drizzle });
  const kept = cache === null ? passing : lazyServer(cache, { env, drizzle });
  return {
    scratch,
    keyctl: join(place, 'bin/keyctl'),
    env,
    serverVersion: async () => (await passing.started()).version(),
    database: async (name) => (await passing.started()).create(name),
    kept: () => kept.started(),
    async close() {
      await kept.stop();
      // Not always below `place`: a long path, or root without namespaces, puts socket or data elsewhere.
      const { home, run } = await locate(join(place, 'data'));
      await passing.stop();
      for (const path of [run, home, place]) await rm(path, { recursive: true, force: true });
    },
  };
}

function plainEnvironment(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(KEYCTL_|PG|XDG_|DATABASE_URL$)/.test(name));
  return { ...Object.fromEntries(kept), HOME: home };
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly drizzle: string;
}

/** A server that is created and started when it is first asked for. */
function lazyServer(dataHome: string, around: Surroundings) {
  let starting: Promise<EmbeddedServer> | null = null;
  return {
    async started() {
      starting ??= ensureEmbedded({ dataHome, create: true, searchPath: process.env.PATH ?? '' });
      return benchServer(await starting, around);
    },
    async stop() {
      if (starting === null) return;
      await starting.catch(() => {});
      await stopEmbedded(dataHome, 120_000);
    },
  };
}

function benchServer(
  server: EmbeddedServer,
  around: Surroundings,
): BenchServer & { version(): Promise<string> } {
  const asked = async (statement: string): Promise<readonly Record<string, unknown>[]> => {
    const sql = sessionOf(server, 'postgres');
    try {
      return await sql.unsafe(statement);
    } finally {
      await sql.end();
    }
  };
  const open = (name: string) => openDatabase(server, { ...around, name, asked });
  return {
    version: async () => String((await asked('show server_version'))[0]?.server_version).split(' ')[0] ?? '',
    async has(name) {
      const found = await asked(`select from pg_database where datname = '${name}'`);
      return found.length > 0 && (await isOurs(sessionOf(server, name), around.drizzle));
    },
    async create(name) {
      await asked(`drop database if exists ${name} with (force)`);
      await asked(`create database ${name}`);
      return await open(name);
    },
    open,
    async rename(from, to) {
      await asked(`drop database if exists ${to} with (force)`);
      await asked(`alter database ${from} rename to ${to}`);
    },
  };
}

/** While a migration is being written, its text changes under the same name; Drizzle would not look at it again. */
async function isOurs(sql: Sql, drizzle: string): Promise<boolean> {
  const names = await journalNames(drizzle);
  const texts = await Promise.all(names.map((name) => readFile(join(drizzle, `${name}.sql`))));
  const hashes = texts.map((text) => createHash('sha256').update(text).digest('hex'));
  try {
    const applied = await sql`select hash from keyctl_migrations.tables order by id`;
    return applied.every(({ hash }, at) => hash === hashes[at]);
  } finally {
    await sql.end();
  }
}

function sessionOf({ socketDirectory, port, superuser }: EmbeddedServer, database: string): Sql {
  return postgres({ host: socketDirectory, port, user: superuser, database, max: 1, onnotice: () => {} });
}

interface Opening extends Surroundings {
  readonly name: string;
  asked(statement: string): Promise<unknown>;
}

async function openDatabase(
  server: EmbeddedServer,
  { name, env, drizzle, asked }: Opening,
): Promise<BenchDatabase> {
  // Drizzle rewrites the types of the client that it is given (F36).
  const migrating = sessionOf(server, name);
  await migrate(migrating, drizzle).finally(() => migrating.end());
  const sql = sessionOf(server, name);
  const { socketDirectory, port, superuser } = server;
  return {
    sql,
    env: { ...env, PGHOST: socketDirectory, PGPORT: String(port), PGUSER: superuser, PGDATABASE: name },
    connect: () => sessionOf(server, name),
    close: () => sql.end(),
    async drop() {
      await sql.end();
      await asked(`drop database ${name} with (force)`);
    },
  };
}
