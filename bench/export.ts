import type { Benchmark, Stage } from './benchmark.js';
import type { Dataset } from './dataset.js';
import { startOf } from './generate.js';
import { alternate, type Program } from './measure.js';
import { missingLine, seriesLine, verdictLine } from './report.js';
import { watchProgram } from './watch.js';

/** What keyctl exports of an event, made into JSON by the server. */
const jsonCopy = `copy (select row_to_json(e) from (
  select ts, key_id, id, key_version, method, endpoint, object, feature, status, ip_text as ip, user_agent, bytes,
    latency_ms, tokens, cost_usd, model, request_id from keyctl.usage_events) e) to stdout`;

/** Taking the whole usage log out as NDJSON, against the server's own JSON (F29), and whether memory grows with it. */
export const exportUsage: Benchmark = {
  name: 'export',
  title:
    '`audit export --usage --format ndjson`, whole process, against psql COPY of row_to_json of the same rows',
  async run(stage) {
    const { ground, sizes, psql, progress } = stage;
    const dataset = await stage.dataset(sizes.events);
    const { events } = dataset.plan;
    const { env } = dataset.database;
    const args = ['audit', 'export', '--usage', '--format', 'ndjson'];
    const tenth = await watchProgram({
      file: ground.keyctl,
      args: [...args, '--since', lastTenth(dataset)],
      env,
    });

    progress(`exporting ${events.toLocaleString('en')} events, in turn`);
    const peaksMb: number[] = [];
    const takes = [
      async () => {
        const { elapsedMs, peakMb, stderr } = await watchProgram({ file: ground.keyctl, args, env });
        if (!stderr.includes(`${events.toLocaleString('en')} events`))
          throw new Error(`exported: ${stderr.trim()}`);
        peaksMb.push(peakMb);
        return (events / elapsedMs) * 1000;
      },
    ];
    if ('file' in psql) {
      const copy: Program = { file: psql.file, args: ['-X', '-q', '-c', jsonCopy], env };
      takes.push(async () => (events / (await watchProgram(copy)).elapsedMs) * 1000);
    }
    // Of twenty million rows a pair takes a minute, and the first is no slower than the last.
    const repeats = events > 5_000_000 ? { runs: 3, warmup: 0 } : sizes.bulks;
    const [keyctl = [], copy] = await alternate(repeats, takes);
    report(stage, { keyctl, copy });
    reportMemory(stage, { whole: peaksMb, part: [tenth.peakMb], atMost: 120 });
    await dataset.database.close();
  },
};

/** From when on there is about a tenth of the events: what `--since` is given. */
function lastTenth({ plan }: Dataset): string {
  const from = startOf(plan).getTime();
  return new Date(plan.until.getTime() - (plan.until.getTime() - from) / 10).toISOString();
}

function report(
  { psql, print }: Stage,
  { keyctl, copy }: { readonly keyctl: readonly number[]; readonly copy: readonly number[] | undefined },
): void {
  const subject = { name: 'keyctl audit export --usage', unit: 'rows/s', samples: keyctl } as const;
  if (copy === undefined) {
    print(seriesLine(subject));
    if ('missing' in psql) print(missingLine('COPY of row_to_json, and the ratio to it', psql.missing));
    return;
  }
  const against = { name: 'psql COPY of row_to_json', unit: 'rows/s', samples: copy } as const;
  print(seriesLine(against));
  print(seriesLine(subject));
  print(verdictLine({ subject, against, target: { atLeast: 1.3 } }));
}

/**
 * Peak memory, and that ten times as many rows take no more of it. In the first ten
 * seconds V8 lets the part of its heap for new objects grow, by 20 MB in any program; then it stays (75, 94, 96 MB after 2, 8, 20 s).
 */
export function reportMemory({ print }: Pick<Stage, 'print'>, { whole, part, atMost }: MemoryFigures): void {
  // Where the system does not tell.
  if (![...whole, ...part].every(Number.isFinite)) return;
  const against = { name: 'peak memory, a tenth of the rows', unit: 'MB', samples: part } as const;
  const subject = { name: 'peak memory', unit: 'MB', samples: whole } as const;
  print(seriesLine(against));
  print(seriesLine(subject));
  print(verdictLine({ subject, against: null, target: { atMost } }));
  print(verdictLine({ subject, against, target: { atMost: 1.3 } }));
}

interface MemoryFigures {
  readonly whole: readonly number[];
  readonly part: readonly number[];
  /** In MB. */
  readonly atMost: number;
}
