import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ground } from '../../bench/ground.js';
import { type Arena, openArena } from './arena.js';
import type { Wire } from './cut-sweep.js';
import type { UsageGround } from './usage-work.js';

export interface LongArena extends Arena {
  readonly wire: Wire;
  close(): Promise<void>;
}

/** An arena outside of the tests: a database and a directory of that name. */
export async function groundArena(ground: Ground, keyctl: string, name: string): Promise<LongArena> {
  const { env, directory, sql, close } = await usageGround(ground, keyctl, name);
  const arena = await openArena({ sql, keyctl, env, directory });
  const wire = {
    socket: `${env.PGHOST}/.s.PGSQL.${env.PGPORT}`,
    directory,
    envThrough: (host: string) => ({ ...env, PGHOST: host }),
  };
  return { ...arena, wire, close };
}

/** A database and a directory of that name, without an oracle over keys. */
export async function usageGround(
  ground: Ground,
  keyctl: string,
  name: string,
): Promise<UsageGround & { close(): Promise<void> }> {
  const database = await ground.database(`chaos_${name}`);
  const directory = join(ground.scratch, name);
  await mkdir(directory);
  const known = Object.entries(database.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const env = Object.fromEntries(known);
  return { sql: database.sql, keyctl, env, directory, close: () => database.drop() };
}
