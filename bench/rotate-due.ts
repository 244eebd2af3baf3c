import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Stage } from './benchmark.js';
import { keyIds } from './generate.js';
import type { BenchDatabase } from './ground.js';
import { insertKeys } from './keys.js';
import { quantile } from './measure.js';
import { rotateOneAtATime } from './one-at-a-time.js';
import { missingLine, seriesLine, verdictLine } from './report.js';

const reason = 'rotation by date, cron on bench-1';

/** Every key due at once, into one directory, and what somebody waits who has to revoke a key meanwhile (F30). */
export const rotateDue: Benchmark = {
  name: 'rotate-due',
  title:
    '`rotate due --deliver-dir`, whole process, against a transaction per key over postgres.js with the same files',
  async run(stage) {
    const { sizes, print, progress } = stage;
    const byKeyctl: number[] = [];
    const oneByOne: number[] = [];
    const waits: number[] = [];
    for (let run = 0; run < Math.min(3, sizes.bulks.runs); run += 1) {
      progress(`run ${run + 1}: ${sizes.due} keys by keyctl, then one at a time`);
      byKeyctl.push(await withDueKeys(stage, (database, to) => timeKeyctl(stage, database, to, null)));
      oneByOne.push(await withDueKeys(stage, (database, to) => timeReference(database, to)));
      await withDueKeys(stage, (database, to) => timeKeyctl(stage, database, to, waits));
    }
    const against = { name: 'a transaction per key', unit: 'ms', samples: oneByOne } as const;
    const subject = { name: 'keyctl rotate due', unit: 'ms', samples: byKeyctl } as const;
    print(seriesLine(against));
    print(seriesLine(subject));
    print(verdictLine({ subject, against, target: { atMost: 0.4 } }));
    if (waits.length === 0) return print(missingLine('revoke meanwhile', 'the run was over before'));
    print(seriesLine({ name: 'a revoke meanwhile', unit: 'ms', samples: waits }));
    const of = (name: string, share: number) =>
      ({ name, unit: 'ms', samples: [quantile(waits, share)] }) as const;
    print(seriesLine(of('a revoke meanwhile, 99 of 100', 0.99)));
    print(seriesLine(of('a revoke meanwhile, the longest', 1)));
    print(verdictLine({ subject: of('longest', 1), against: null, target: { atMost: 200 } }));
  },
};

/** A database in which that many keys are due, and an empty directory; checks afterwards that every secret is there. */
async function withDueKeys(
  { ground, sizes }: Stage,
  measure: (database: BenchDatabase, directory: string) => Promise<number>,
): Promise<number> {
  const database = await ground.database('bench_rotate_due');
  const directory = await mkdtemp(join(ground.scratch, 'keys-'));
  await insertKeys(database.sql, keyIds(sizes.due));
  await database.sql`update keyctl.api_keys set activated_at = clock_timestamp() - interval '100 days'`;
  await database.sql`vacuum analyze keyctl.api_keys`;
  const took = await measure(database, directory);
  const [row] = await database.sql`
    select count(*) filter (where status = 'active' and version = 2)::int as rotated,
      count(*) filter (where status = 'revoked')::int as revoked from keyctl.api_keys`;
  const files = (await readdir(directory)).length;
  if (row?.rotated !== files || files + row.revoked < sizes.due) {
    throw new Error(`of ${sizes.due} keys ${row?.rotated} were rotated, and ${files} files written`);
  }
  await database.drop();
  await rm(directory, { recursive: true });
  return took;
}

async function timeReference(database: BenchDatabase, directory: string): Promise<number> {
  const sql = database.connect();
  const startedAt = performance.now();
  await rotateOneAtATime(sql, directory);
  const took = performance.now() - startedAt;
  await sql.end();
  return took;
}

/** @param waits filled with what each revoke took that was sent meanwhile, one after the other; null: none is sent */
async function timeKeyctl(
  { ground }: Stage,
  database: BenchDatabase,
  directory: string,
  waits: number[] | null,
): Promise<number> {
  const args = ['rotate', 'due', '--reason', reason, '--yes', '--deliver-dir', directory, '-o', 'ndjson'];
  const startedAt = performance.now();
  const child = spawn(ground.keyctl, args, { env: database.env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  let running = true;
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      running = false;
      resolve(code);
    });
  });
  if (waits !== null) await revokeMeanwhile(database, waits, () => running);
  if ((await ended) !== 0) throw new Error(`rotate due failed: ${said.trim()}`);
  return performance.now() - startedAt;
}

/** Keys out of those that are being rotated, so that it waits for their locks too, not only for the audit log's. */
async function revokeMeanwhile(
  database: BenchDatabase,
  waits: number[],
  running: () => boolean,
): Promise<void> {
  const sql = database.connect();
  const ids = await sql`select id from keyctl.api_keys where version = 1 order by md5(id) limit 2000`;
  for (const { id } of ids) {
    const startedAt = performance.now();
    await sql`select keyctl.revoke_key(gen_random_uuid(), '{}', ${id}, ${'leaked in a public repository'}, 'leaked')`;
    if (!running()) break;
    waits.push(performance.now() - startedAt);
    await pause(10);
  }
  await sql.end();
}
