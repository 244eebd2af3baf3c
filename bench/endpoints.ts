import type { Benchmark, Stage } from './benchmark.js';
import { type Dataset, rivalTable } from './dataset.js';
import { alternate, type Program, timeProgram } from './measure.js';
import { missingLine, seriesLine, verdictLine } from './report.js';

/** What a key was used for in a week: from the return key to the prompt, against what one would type into psql (F28). */
export const endpoints: Benchmark = {
  name: 'endpoints',
  title:
    '`audit endpoints KEY --since 7d --json` of the busiest key, whole process, against psql GROUP BY on a heap with btree (key_id, ts desc)',
  async run(stage) {
    const { ground, sizes, psql, print } = stage;
    const dataset = await stage.dataset(sizes.events);
    const { busiest, weekAgo, database } = dataset;
    const args = ['audit', 'endpoints', busiest, '--since', weekAgo, '--json'];
    const takes = [() => timeProgram({ file: ground.keyctl, args, env: database.env })];
    if ('file' in psql) {
      const program = grouping(psql.file, dataset);
      takes.push(() => timeProgram(program));
    }
    const [keyctl = [], grouped] = await alternate(sizes.processes, takes);
    print(
      `  ${await weekOf(dataset)} events of the key in this week, of ${sizes.events.toLocaleString('en')}`,
    );
    report(stage, keyctl, grouped);
    await database.close();
  },
};

function report({ psql, print }: Stage, keyctl: readonly number[], grouped?: readonly number[]): void {
  const subject = { name: 'keyctl audit endpoints', unit: 'ms', samples: keyctl } as const;
  if (grouped === undefined) {
    print(seriesLine(subject));
    if ('missing' in psql) print(missingLine('psql GROUP BY, and the ratio to it', psql.missing));
    return;
  }
  const against = { name: 'psql GROUP BY', unit: 'ms', samples: grouped } as const;
  print(seriesLine(against));
  print(seriesLine(subject));
  print(verdictLine({ subject, against, target: { atMost: 1.1 } }));
}

/** The same counts. Without JIT, as keyctl's sessions are: with it the server is slower at this. */
function grouping(file: string, { busiest, weekAgo, database }: Dataset): Program {
  const statement = `
    select endpoint, count(*) as requests, count(distinct ip_text) as unique_ips, count(*) filter (where status >= 400) as errors,
      sum(bytes) as bytes
    from ${rivalTable} where key_id = '${busiest}' and ts >= '${weekAgo}' group by endpoint order by requests desc`;
  return {
    file,
    args: ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', statement],
    env: { ...database.env, PGOPTIONS: '-c jit=off' },
  };
}

async function weekOf({ busiest, weekAgo, database }: Dataset): Promise<string> {
  const [row] = await database.sql`
    select count(*)::int as its from keyctl.usage_events where key_id = ${busiest} and ts >= ${weekAgo}::timestamptz`;
  return Number(row?.its).toLocaleString('en');
}
