import { PgDialect } from 'drizzle-orm/pg-core';
import type { Sql } from 'postgres';
import { newestEventsQuery } from '../src/db/reads/usage-events.js';
import type { Benchmark } from './benchmark.js';
import { type EventPlan, keyIds } from './generate.js';
import { insertKeys } from './keys.js';
import { loadEvents } from './load.js';
import { seriesLine, verdictLine } from './report.js';

export const newestEvents: Benchmark = {
  name: 'newest-events',
  title: 'newest 100 events of the busiest key, in the server (planning + execution)',
  async run({ ground, sizes, print, progress }) {
    const database = await ground.database('bench_newest');
    const { sql } = database;
    const plan: EventPlan = { ...sizes, weeks: 6, seed: 1, until: new Date('2025-06-30T00:00:00Z') };
    const ids = keyIds(plan.keys);
    const busiest = ids[0] ?? '';
    await insertKeys(sql, ids);
    progress(`loading ${plan.events.toLocaleString('en')} events of ${plan.keys} keys`);
    await loadEvents(sql, plan);
    const [row] = await sql`
      select count(*)::int as whole, count(*) filter (where key_id = ${busiest})::int as its from keyctl.usage_events`;
    print(
      `  ${row?.whole.toLocaleString('en')} events in ${plan.weeks} weekly partitions, ${row?.its.toLocaleString('en')} of them this key's`,
    );

    const { runs, warmup } = sizes.processes;
    const first: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      // A new session, as each command has one: the server's caches of its catalogue are empty.
      const session = database.connect();
      first.push(await serverMs(session, busiest));
      await session.end();
    }
    const warmed: number[] = [];
    for (let run = -warmup; run < runs; run += 1) {
      const took = await serverMs(sql, busiest);
      if (run >= 0) warmed.push(took);
    }
    for (const [name, samples] of [
      ['first statement of a session', first],
      ['again in the same session', warmed],
    ] as const) {
      const subject = { name, unit: 'ms', samples } as const;
      print(seriesLine(subject));
      print(verdictLine({ subject, against: null, target: { atMost: 5 } }));
    }
    await database.drop();
  },
};

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
