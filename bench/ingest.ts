import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Benchmark, Stage } from './benchmark.js';
import { copyColumns, copyLine, type EventPlan, eventsOf, keyIds, ndjsonLine, textOf } from './generate.js';
import type { BenchDatabase } from './ground.js';
import { insertKeys } from './keys.js';
import { ensurePartitions } from './load.js';
import { alternate, type Program, timeProgram } from './measure.js';
import { missingLine, seriesLine, verdictLine } from './report.js';

/** Bringing a log in, against the fastest way there is to bring the finished rows in (F29). */
export const ingest: Benchmark = {
  name: 'ingest',
  title:
    "`audit ingest` of NDJSON, whole process, against psql's \\copy of the same rows into the same table",
  async run(stage) {
    const { ground, sizes, psql, print, progress } = stage;
    const plan: EventPlan = {
      events: sizes.rows,
      keys: Math.min(sizes.keys, 500),
      weeks: 2,
      seed: 2,
      until: new Date('2025-06-30T00:00:00Z'),
    };
    progress(`writing ${plan.events.toLocaleString('en')} events as NDJSON and as COPY text`);
    const { log, rows } = await writeFiles(stage, plan);
    const database = await ground.database('bench_ingest');
    await insertKeys(database.sql, keyIds(plan.keys));
    await ensurePartitions(database.sql, plan);

    const { env } = database;
    const programs: Program[] = [
      { file: ground.keyctl, args: ['audit', 'ingest', log, '--format', 'ndjson', '--quiet'], env },
    ];
    if ('file' in psql) programs.push({ file: psql.file, args: copyArguments(rows), env });
    const takes = programs.map((program) => () => rowsPerSecond(database, program, plan.events));
    const [keyctl = [], copy] = await alternate(sizes.bulks, takes);

    const subject = { name: 'keyctl audit ingest', unit: 'rows/s', samples: keyctl } as const;
    if (copy === undefined) {
      print(seriesLine(subject));
      if ('missing' in psql) print(missingLine('\\copy of the same rows, and the ratio to it', psql.missing));
    } else {
      const against = { name: 'psql \\copy', unit: 'rows/s', samples: copy } as const;
      print(seriesLine(against));
      print(seriesLine(subject));
      print(verdictLine({ subject, against, target: { atLeast: 0.6 } }));
    }
    await database.drop();
  },
};

async function writeFiles({ ground }: Stage, plan: EventPlan): Promise<{ log: string; rows: string }> {
  const log = join(ground.scratch, 'usage.ndjson');
  const rows = join(ground.scratch, 'usage.copy');
  await pipeline(Readable.from(textOf(eventsOf(plan), ndjsonLine)), createWriteStream(log));
  await pipeline(Readable.from(textOf(eventsOf(plan), copyLine)), createWriteStream(rows));
  return { log, rows };
}

function copyArguments(rows: string): string[] {
  return [
    '-X',
    '-q',
    '-v',
    'ON_ERROR_STOP=1',
    '-c',
    `\\copy keyctl.usage_events (${copyColumns}) from '${rows}'`,
  ];
}

/** Into the empty table, with nothing left to write from what was done before; refuses a run that lost or doubled a row. */
async function rowsPerSecond({ sql }: BenchDatabase, program: Program, events: number): Promise<number> {
  await sql`truncate keyctl.usage_events`;
  await sql`checkpoint`;
  const elapsedMs = timeProgram(program);
  const [row] = await sql`select count(*)::int as stored from keyctl.usage_events`;
  if (row?.stored !== events) throw new Error(`${program.file} stored ${row?.stored} of ${events} rows`);
  return (events / elapsedMs) * 1000;
}
