import { randomBytes, randomUUID } from 'node:crypto';
import type { Context } from '../src/actions/context.js';
import { connect } from '../src/db/connect.js';
import { openDatabase } from '../src/db/database.js';
import { embeddedConnection } from '../src/db/embedded/open.js';
import type { BenchDatabase } from './ground.js';

/** For actions that are measured without their process. `close()` its database. */
export async function contextOf({ env }: BenchDatabase): Promise<Context> {
  const { PGHOST = '', PGDATABASE = '', PGUSER = '', PGPORT = '5432' } = env;
  const settings = { ...embeddedConnection(PGHOST, PGDATABASE, PGUSER), port: Number(PGPORT) };
  const db = await openDatabase(() => connect(settings, { timeoutMs: 600_000 }));
  return {
    db,
    actor: { actor_os: 'bench', actor_claimed: null, host: 'bench' },
    operationId: randomUUID(),
    now: () => new Date(),
    randomBytes: (size) => randomBytes(size),
    reached: async () => {},
  };
}
