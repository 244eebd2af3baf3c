import type { Benchmark } from './benchmark.js';
import type { Dataset } from './dataset.js';
import { alternate, type Program } from './measure.js';
import { missingLine, seriesLine, verdictLine } from './report.js';
import { countLines, watchProgram } from './watch.js';

/** Every event of a key in a week, as NDJSON, against the same rows as psql prints them for a script. */
export const usage: Benchmark = {
  name: 'usage',
  title:
    '`audit usage KEY --since 7d --limit … -o ndjson` of the busiest key, whole process, against psql -At of the same rows',
  async run(stage) {
    const { ground, sizes, psql, print } = stage;
    const dataset = await stage.dataset(sizes.events);
    const { busiest, weekAgo, database } = dataset;
    const args = ['audit', 'usage', busiest, '--since', weekAgo, '--limit', '100000000', '-o', 'ndjson'];
    const programs: Program[] = [{ file: ground.keyctl, args, env: database.env }];
    if ('file' in psql) programs.push(listing(psql.file, dataset));
    const lines = await Promise.all(programs.map(countLines));
    if (new Set(lines).size !== 1) throw new Error(`not the same rows: ${lines.join(' and ')}`);

    const takes = programs.map((program) => async () => (await watchProgram(program)).elapsedMs);
    const [keyctl = [], listed] = await alternate(sizes.bulks, takes);
    print(`  ${lines[0]?.toLocaleString('en')} events`);
    const subject = { name: 'keyctl audit usage', unit: 'ms', samples: keyctl } as const;
    if (listed === undefined) {
      print(seriesLine(subject));
      if ('missing' in psql) print(missingLine('psql -At, and the ratio to it', psql.missing));
    } else {
      const against = { name: 'psql -At', unit: 'ms', samples: listed } as const;
      print(seriesLine(against));
      print(seriesLine(subject));
      print(verdictLine({ subject, against, target: { atMost: 1.3 } }));
    }
    await database.close();
  },
};

/** The columns that keyctl prints, newest first as there. */
function listing(file: string, { busiest, weekAgo, database }: Dataset): Program {
  const statement = `
    select ts, key_id, id, key_version, method, endpoint, object, feature, status, ip_text, user_agent, bytes, latency_ms, tokens,
      cost_usd, model, request_id
    from keyctl.usage_events where key_id = '${busiest}' and ts >= '${weekAgo}' order by ts desc, id desc`;
  return {
    file,
    args: ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', statement],
    env: { ...database.env, PGOPTIONS: '-c jit=off' },
  };
}
