import { randomUUID } from 'node:crypto';
import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import postgres, { type Sql } from 'postgres';
import { executorOn } from '../src/db/executor.js';
import type { Executor } from '../src/db/kernel.js';
import { revokeKey } from '../src/db/kernel-keys.js';
import { recentUse } from '../src/db/reads/blast-radius.js';
import { familyKeys, findCandidates } from '../src/db/reads/keys.js';
import { arrayTypes, textTypes } from '../src/db/wire-types.js';
import type { Benchmark } from './benchmark.js';
import { keyIds } from './generate.js';
import type { BenchDatabase } from './ground.js';
import { insertKeys } from './keys.js';
import { alternate } from './measure.js';
import { seriesLine, verdictLine } from './report.js';

/**
 * What Drizzle adds to the statements that somebody waits for at 3 a.m. (F27). The database is nearly empty and flushes nothing:
 * the less the server does, the more it would show.
 */
export const statements: Benchmark = {
  name: 'statements',
  title:
    "the statements of `revoke` through Drizzle's sql and our readers, against postgres.js with the same texts prepared",
  async run({ ground, sizes, print }) {
    const runs = sizes.processes.runs * 10;
    const warmup = 100;
    const database = await ground.database('bench_statements');
    const ids = keyIds(2 * (runs + warmup));
    await insertKeys(database.sql, ids);
    for (const { name, ask } of hotStatements(ids)) {
      const session = sessionOf(database);
      await session`set synchronous_commit = off`;
      const [plain = [], typed = []] = await alternate({ runs, warmup }, [
        barely(session, ask),
        () => timed(() => ask(executorOn(session))),
      ]);
      const against = { name: `${name}, postgres.js`, unit: 'ms', samples: plain } as const;
      const subject = { name: `${name}, Drizzle`, unit: 'ms', samples: typed } as const;
      print(seriesLine(against));
      print(seriesLine(subject));
      print(verdictLine({ subject, against, target: { atMost: 1.15 } }));
      await session.end();
    }
    await database.drop();
  },
};

/** With the types of keyctl's own sessions (F36). */
function sessionOf({ env }: BenchDatabase): Sql {
  const { PGHOST: host = '', PGPORT: port, PGUSER: user = '', PGDATABASE: database = '' } = env;
  const types = { ...arrayTypes, ...textTypes };
  return postgres({ host, port: Number(port), user, database, max: 1, fetch_types: false, types });
}

interface HotStatement {
  readonly name: string;
  ask(db: Executor): Promise<unknown>;
}

/** @param ids of keys, of which each is revoked once */
function hotStatements(ids: readonly string[]): readonly HotStatement[] {
  const [first = ''] = ids;
  const left = [...ids];
  const context = { actor_os: 'oncall', actor_claimed: null, host: 'bastion-1' };
  const reason = 'leaked in acme/app commit 7a3f21';
  return [
    { name: 'find a key', ask: (db) => findCandidates(db, { ids: [first] }) },
    { name: 'its family', ask: (db) => familyKeys(db, [first]) },
    { name: 'what revoking breaks', ask: (db) => recentUse(db, first) },
    {
      name: 'revoke it',
      ask: (db) =>
        revokeKey(
          db,
          { operationId: randomUUID(), context },
          { keyId: left.pop() ?? first, reason, code: 'leaked' },
        ),
    },
  ];
}

/** Texts and parameters are made before the clock starts: what is left is the driver and the server. */
function barely(session: Sql, ask: HotStatement['ask']): () => Promise<number> {
  const dialect = new PgDialect();
  return async () => {
    const asked: SQL[] = [];
    const recording: Executor = {
      async execute(query) {
        asked.push(query);
        return [];
      },
    };
    await ask(recording);
    const ready = asked.map((query) => dialect.sqlToQuery(query));
    return await timed(async () => {
      for (const { sql, params } of ready) await session.unsafe(sql, params as never[], { prepare: true });
    });
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
