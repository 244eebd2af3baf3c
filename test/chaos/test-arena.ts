import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { inject } from 'vitest';
import { builtProgram } from '../support/built-program.js';
import { freshDatabase, newest } from '../support/postgres.js';
import { type Arena, openArena } from './arena.js';
import type { Wire } from './cut-sweep.js';

export interface TestArena extends Arena {
  readonly wire: Wire;
  close(): Promise<void>;
}

/** An arena on a database of its own, for one test file. */
export async function testArena(): Promise<TestArena> {
  const [database, keyctl] = await Promise.all([freshDatabase(newest), builtProgram('failpoints')]);
  const directory = await mkdtemp(join(inject('scratch'), 'arena-'));
  const { socketDirectory, port } = newest;
  const sql = postgres({
    host: socketDirectory,
    port,
    user: 'postgres',
    database: database.name,
    max: 3,
    onnotice: () => {},
  });
  const url = (host: string) =>
    `postgres://test_operator@${encodeURIComponent(host)}:${port}/${database.name}`;
  const env = { PATH: process.env.PATH ?? '', HOME: directory, DATABASE_URL: url(socketDirectory) };
  const arena = await openArena({ sql, keyctl, env, directory });
  const wire = {
    socket: `${socketDirectory}/.s.PGSQL.${port}`,
    directory,
    envThrough: (host: string) => ({ ...env, DATABASE_URL: url(host) }),
  };
  return {
    ...arena,
    wire,
    async close() {
      await sql.end();
      await database.drop();
    },
  };
}
