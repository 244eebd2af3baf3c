import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Stage } from './benchmark.js';
import { type EventPlan, eventsOf, keyIds, ndjsonLine, textOf } from './generate.js';
import type { BenchDatabase } from './ground.js';
import { insertKeys } from './keys.js';
import { ensurePartitions } from './load.js';
import { type Program, quantile, timeProgram } from './measure.js';
import { missingLine, seriesLine, verdictLine } from './report.js';

/** What it costs to keep the rollups, and what somebody waits who has to revoke a key meanwhile. */
export const rollup: Benchmark = {
  name: 'rollup',
  title: '`audit rollup` of a log that was just brought in, whole process, against its `audit ingest`',
  async run(stage) {
    const { sizes, print, progress } = stage;
    // As crowded as twenty million events of thirteen weeks are.
    const plan: EventPlan = {
      events: Math.min(sizes.events, 2_000_000),
      keys: sizes.keys,
      weeks: 1,
      seed: 6,
      until: new Date('2025-06-30T00:00:00Z'),
    };
    const { database, ingest, rollUp } = await prepare(stage, plan);
    const ingested: number[] = [];
    const rolledUp: number[] = [];
    const floors: number[] = [];
    const waits: number[] = [];
    for (let run = 0; run < Math.min(3, sizes.bulks.runs); run += 1) {
      progress(`run ${run + 1}: ${plan.events.toLocaleString('en')} events ingested, then rolled up`);
      await empty(database);
      ingested.push(timeProgram(ingest));
      await database.sql`checkpoint`;
      rolledUp.push(timeProgram(rollUp));
      await refuseWrong(database, plan.events);
      floors.push(await timeFloor(database));
    }
    await queueAgain(database);
    await revokeMeanwhile(database, rollUp, waits);
    await refuseWrong(database, plan.events);

    const against = { name: 'keyctl audit ingest', unit: 'ms', samples: ingested } as const;
    const subject = { name: 'keyctl audit rollup', unit: 'ms', samples: rolledUp } as const;
    print(seriesLine(against));
    print(seriesLine({ name: 'SQL, its sums without breakdowns', unit: 'ms', samples: floors }));
    print(seriesLine(subject));
    print(verdictLine({ subject, against, target: { atMost: 0.25 } }));
    printWaits(print, waits);
    await database.drop();
  },
};

/** A database in which baselines are fresh: they are made once a day, whatever came in. */
async function prepare({ ground, progress }: Stage, plan: EventPlan) {
  const { keyctl } = ground;
  const log = join(ground.scratch, 'rollup.ndjson');
  progress(`writing ${plan.events.toLocaleString('en')} events as NDJSON`);
  await pipeline(Readable.from(textOf(eventsOf(plan), ndjsonLine)), createWriteStream(log));
  const database = await ground.database('bench_rollup');
  await insertKeys(database.sql, keyIds(plan.keys));
  await ensurePartitions(database.sql, plan);
  const { env } = database;
  const ingest: Program = {
    file: keyctl,
    args: ['audit', 'ingest', log, '--format', 'ndjson', '--quiet'],
    env,
  };
  const rollUp: Program = { file: keyctl, args: ['audit', 'rollup', '--quiet'], env };
  timeProgram(rollUp);
  const drop = async () => {
    await database.drop();
    await rm(log);
  };
  return { database: { ...database, drop }, ingest, rollUp };
}

async function empty({ sql }: BenchDatabase): Promise<void> {
  await sql`truncate keyctl.usage_events, keyctl.usage_hours, keyctl.usage_touched`;
  await sql`checkpoint`;
}

/** As if nothing of what is there had been rolled up. */
async function queueAgain({ sql }: BenchDatabase): Promise<void> {
  await sql`truncate keyctl.usage_hours, keyctl.usage_touched`;
  await sql`update keyctl.rollup_state set seen = null`;
}

async function refuseWrong({ sql }: BenchDatabase, events: number): Promise<void> {
  const [row] = await sql`
    select coalesce(sum(requests), 0)::int as counted, (select count(*) from keyctl.usage_touched)::int as queued
    from keyctl.usage_hours`;
  if (row?.counted !== events || row.queued !== 0)
    throw new Error(`${row?.counted} of ${events} events were rolled up, ${row?.queued} hours are queued`);
}

/** The sums alone, in one statement, into a table with the same primary key: less cannot be written. */
async function timeFloor({ sql }: BenchDatabase): Promise<number> {
  await sql`create table keyctl.bench_hours (like keyctl.usage_hours including all)`;
  const startedAt = performance.now();
  await sql`
    insert into keyctl.bench_hours (key_id, hour, requests, errors, refused, limited, bytes, tokens, cost_usd, last_at, by_endpoint, by_ip)
    select key_id, date_bin('1 hour', ts, '2000-01-01 00:00:00+00'), count(*), count(*) filter (where status >= 400),
      count(*) filter (where status in (401, 403)), count(*) filter (where status = 429), sum(bytes), sum(tokens), sum(cost_usd),
      max(ts), '{}', '{}'
    from keyctl.usage_events group by 1, 2`;
  const took = performance.now() - startedAt;
  await sql`drop table keyctl.bench_hours`;
  return took;
}

/** @param waits filled with what each revoke took that was sent while the program ran, one after the other */
async function revokeMeanwhile(
  database: BenchDatabase,
  { file, args, env }: Program,
  waits: number[],
): Promise<void> {
  const sql = database.connect();
  const ids = await sql`select id from keyctl.api_keys where status = 'active' order by md5(id) limit 2000`;
  const child = spawn(file, [...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  let running = true;
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      running = false;
      resolve(code);
    });
  });
  for (const { id } of ids) {
    const startedAt = performance.now();
    await sql`select keyctl.revoke_key(gen_random_uuid(), '{}', ${id}, ${'leaked in a public repository'}, 'leaked')`;
    if (!running) break;
    waits.push(performance.now() - startedAt);
    await pause(10);
  }
  await sql.end();
  if ((await ended) !== 0) throw new Error('audit rollup failed while keys were revoked');
}

function printWaits(print: (line: string) => void, waits: readonly number[]): void {
  if (waits.length === 0) {
    print(missingLine('revoke meanwhile', 'the run was over before'));
    return;
  }
  const longest = {
    name: 'a revoke meanwhile, the longest',
    unit: 'ms',
    samples: [quantile(waits, 1)],
  } as const;
  print(seriesLine({ name: 'a revoke meanwhile', unit: 'ms', samples: waits }));
  print(seriesLine(longest));
  print(verdictLine({ subject: longest, against: null, target: { atMost: 200 } }));
}
