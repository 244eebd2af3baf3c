import { availableParallelism, homedir, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { anomalies } from './anomalies.js';
import type { Benchmark, Sizes, Stage } from './benchmark.js';
import { bundle } from './bundle.js';
import { openDataset } from './dataset.js';
import { endpoints } from './endpoints.js';
import { exportUsage } from './export.js';
import { exportAudit } from './export-audit.js';
import { type Ground, prepareGround } from './ground.js';
import { ingest } from './ingest.js';
import { newestEvents } from './newest-events.js';
import { findPsql } from './psql.js';
import { missingLine } from './report.js';
import { review } from './review.js';
import { revoke } from './revoke.js';
import { rollup } from './rollup.js';
import { rotate } from './rotate.js';
import { rotateDue } from './rotate-due.js';
import { startup } from './startup.js';
import { statements } from './statements.js';
import { usage } from './usage.js';
import { verify } from './verify.js';

/** `npm run bench`: what keyctl costs, as ratios of medians of one run. It prints whether a target was met, and asserts nothing. */
const benchmarks: readonly Benchmark[] = [
  startup,
  revoke,
  rotate,
  rotateDue,
  statements,
  ingest,
  rollup,
  newestEvents,
  endpoints,
  usage,
  exportUsage,
  verify,
  exportAudit,
  anomalies,
  review,
  bundle,
];

const help = `npm run bench -- [--only NAME[,NAME]] [--short] [--runs N] [--rows N] [--events N] [--keys N] [--due N] [--entries N] [--psql PATH|none] [--cache DIR]

  --only    ${benchmarks.map(({ name }) => name).join(', ')}
  --short   small sizes: shows that the programs run, its figures mean nothing
  --runs    of each process that takes a tenth of a second (31)
  --rows    of one ingest (300000)
  --events  of thirteen weeks, for newest-events, endpoints, usage and export (20000000)
  --keys    that the events belong to (5000)
  --due     keys that are due at once in rotate-due (10000)
  --entries rows of the audit log in verify and export-audit (1000000)
  --psql    the program to compare with; a script around it costs twice the time
  --cache   where those events are kept for the next run: 13 GB of them, made in five minutes; one run at a time
            ($XDG_CACHE_HOME/keyctl-bench, with --short nowhere)`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      short: { type: 'boolean', default: false },
      runs: { type: 'string' },
      rows: { type: 'string' },
      events: { type: 'string' },
      keys: { type: 'string' },
      due: { type: 'string' },
      entries: { type: 'string' },
      psql: { type: 'string' },
      cache: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return console.log(help);
  const chosen = chooseBenchmarks(values.only);
  const sizes = sizesOf(values);
  const psql = await psqlOf(values.psql);
  const ground = await prepareGround(cacheOf(values));
  // Children get the signal of a terminal too, and what was measured of them fails: the ground is cleared on that way.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void clearAndEnd(ground));
  try {
    const print = (line: string) => console.log(line);
    const progress = (text: string) => console.error(`  … ${text}`);
    const dataset = async (events: number) =>
      await openDataset(await ground.kept(), { events, keys: sizes.keys }, progress);
    await runAll(chosen, { ground, sizes, psql, dataset, print, progress }, values.short);
  } finally {
    await ground.close();
  }
}

async function runAll(chosen: readonly Benchmark[], stage: Stage, isShort: boolean): Promise<void> {
  const server = await stage.ground.serverVersion().then(
    (version) => `PostgreSQL ${version}`,
    () => 'no PostgreSQL',
  );
  for (const line of heading(server, stage.sizes.events, isShort)) console.log(line);
  const missed: string[] = [];
  let judged = 0;
  for (const benchmark of chosen) {
    console.log(`\n${benchmark.name}: ${benchmark.title} (load ${loadNow()})`);
    const print = (line: string) => {
      stage.print(line);
      if (/: (met|MISSED)$/.test(line)) judged += 1;
      if (line.endsWith(': MISSED')) missed.push(`${benchmark.name} ${line.trim()}`);
    };
    try {
      await benchmark.run({ ...stage, print });
    } catch (error) {
      console.log(missingLine(benchmark.name, error instanceof Error ? error.message : String(error)));
      process.exitCode = 1;
    }
  }
  console.log(`\n${judged - missed.length} of ${judged} targets met`);
  for (const line of missed) console.log(`  ${line}`);
}

function loadNow(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

function cacheOf({
  cache,
  short,
}: {
  readonly cache?: string | undefined;
  readonly short: boolean;
}): string | null {
  if (cache !== undefined) return resolve(cache);
  return short ? null : join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keyctl-bench');
}

/** What the targets are meant for. */
const usualEvents = 20_000_000;

/** What the figures depend on, beside keyctl. */
function* heading(server: string, events: number, isShort: boolean): Generator<string> {
  const cpus = availableParallelism();
  yield `Node ${process.versions.node}, ${server}, ${cpus} CPUs, load ${loadNow()}`;
  yield 'Medians, and between which values the middle half of the runs lies; all in turn.';
  if (isShort) yield '--short shows that the programs run; its figures mean nothing.';
  else if (Number(loadNow()) > cpus / 2)
    yield 'Others are at work on this machine: the figures are worth less.';
  if (!isShort && events < usualEvents)
    yield `With fewer than ${usualEvents.toLocaleString('en')} events, starting Node is most of what endpoints and usage take.`;
  if (process.env.NODE_EXTRA_CA_CERTS !== undefined) {
    yield 'NODE_EXTRA_CA_CERTS is set: every Node process, `node -e 0` too, begins with reading';
    yield 'those certificates, which makes the ratios to it smaller than they are without.';
  }
}

function chooseBenchmarks(only: string | undefined): readonly Benchmark[] {
  const names = only?.split(',') ?? benchmarks.map(({ name }) => name);
  return names.map((name) => {
    const found = benchmarks.find((benchmark) => benchmark.name === name);
    if (found === undefined) throw new Error(`--only ${name}: there is no such benchmark\n\n${help}`);
    return found;
  });
}

interface SizeFlags {
  readonly short: boolean;
  readonly runs?: string | undefined;
  readonly rows?: string | undefined;
  readonly events?: string | undefined;
  readonly keys?: string | undefined;
  readonly due?: string | undefined;
  readonly entries?: string | undefined;
}

function sizesOf({ short, ...flags }: SizeFlags): Sizes {
  const count = (
    name: 'runs' | 'rows' | 'events' | 'keys' | 'due' | 'entries',
    usual: number,
    small: number,
  ): number => {
    const text = flags[name];
    if (text === undefined) return short ? small : usual;
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} ${text}: a number, like --${name} ${usual}`);
    return Number(text);
  };
  return {
    processes: { runs: count('runs', 31, 2), warmup: short ? 1 : 3 },
    bulks: { runs: short ? 1 : 5, warmup: short ? 0 : 1 },
    rows: count('rows', 300_000, 2000),
    events: count('events', usualEvents, 20_000),
    keys: count('keys', 5000, 50),
    due: count('due', 10_000, 150),
    entries: count('entries', 1_000_000, 2000),
  };
}

async function psqlOf(flag: string | undefined): Promise<Stage['psql']> {
  if (flag === 'none') return { missing: 'left out by --psql none' };
  const file = flag ?? (await findPsql(process.env.PATH ?? ''));
  return file === null ? { missing: 'there is no psql on this machine' } : { file };
}

async function clearAndEnd(ground: Ground): Promise<void> {
  await ground.close();
  process.exit(130);
}

await main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
