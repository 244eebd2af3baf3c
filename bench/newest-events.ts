import { PgDialect } from 'drizzle-orm/pg-core';
import type { Sql } from 'postgres';
import { newestEventsQuery } from '../src/db/reads/usage-events.js';
import type { Benchmark } from './benchmark.js';
import type { Dataset } from './dataset.js';
import { alternate } from './measure.js';
import { seriesLine, verdictLine } from './report.js';

/** That a long log is no slower than a short one: the same statement where there is a twentieth of the events (F28). */
export const newestEvents: Benchmark = {
  name: 'newest-events',
  title:
    'newest 100 events of the busiest key, in the server (planning + execution), against a twentieth of the events',
  async run(stage) {
    const { sizes, print } = stage;
    const small = await stage.dataset(Math.ceil(sizes.events / 20));
    const large = await stage.dataset(sizes.events);
    const nameOf = ({ plan }: Dataset, what: string) => `${plan.events.toLocaleString('en')} events, ${what}`;
    for (const [what, take] of [
      ['first statement', firstMs],
      ['again', againMs],
    ] as const) {
      const [fewer = [], more = []] = await alternate(sizes.processes, [
        () => take(small),
        () => take(large),
      ]);
      const against = { name: nameOf(small, what), unit: 'ms', samples: fewer } as const;
      const subject = { name: nameOf(large, what), unit: 'ms', samples: more } as const;
      print(seriesLine(against));
      print(seriesLine(subject));
      print(verdictLine({ subject, against, target: { atMost: 1.5 } }));
      print(verdictLine({ subject, against: null, target: { atMost: 5 } }));
    }
    await small.database.close();
    await large.database.close();
  },
};

/** In a new session, as each command has one: the server's caches of its catalogue are empty. */
async function firstMs({ database, busiest }: Dataset): Promise<number> {
  const session = database.connect();
  try {
    return await serverMs(session, busiest);
  } finally {
    await session.end();
  }
}

function againMs({ database, busiest }: Dataset): Promise<number> {
  return serverMs(database.sql, busiest);
}

/** As the server's own clock has it: planning and execution of what `audit usage KEY` asks for (F28). */
async function serverMs(session: Sql, keyId: string): Promise<number> {
  const filter = { keyIds: [keyId], since: null, until: null, keyVersion: null };
  const query = new PgDialect().sqlToQuery(newestEventsQuery(filter, null, 100));
  const explain = `explain (analyze, format json) ${query.sql}`;
  const [row] = await session.unsafe(explain, query.params as string[], { prepare: false });
  const reports = (row?.['QUERY PLAN'] ?? []) as { 'Planning Time': number; 'Execution Time': number }[];
  if (reports[0] === undefined) throw new Error('explain answered nothing');
  return reports[0]['Planning Time'] + reports[0]['Execution Time'];
}
