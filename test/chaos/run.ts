import { parseArgs } from 'node:util';
import { prepareGround } from '../../bench/ground.js';
import { buildProgram } from '../support/build-program.js';
import { type Chance, chanceFrom } from './chance.js';
import { cutOnce, possibleCuts } from './cut-sweep.js';
import { groundArena, type LongArena, usageGround } from './ground-arena.js';
import { anyKill, killOnce, newTally, type SweepTally } from './kill-sweep.js';
import { type OracleReport, reportText } from './oracle/oracle.js';
import { rotateDueTogether, rotateTogether } from './together.js';
import { killUsageOnce, usageFaults } from './usage-kills.js';

const usage = `npm run chaos -- [--seed N] [--minutes M | --kills N] [--keys N]

  Kills rotations, cuts their connections, and lets many run at once; after each, the oracle looks at database and files.
  Kills ingests, rollups, exports and retention; after each, plain SQL has to agree.
  Exit 1 on any violation.

  --seed      the same seed makes the same choices (the moments of random kills still depend on the machine)
  --minutes   as many rounds as fit (5)
  --kills     as many rounds as it takes to kill so many
  --keys      that eight overlapping \`rotate due\` share, before the rounds (500)`;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const killsARound = 50;
const cutsARound = 20;
const usageKillsARound = 15;

interface Progress {
  readonly chance: Chance;
  readonly tally: SweepTally;
  readonly reports: OracleReport[];
  readonly lines: string[];
  cuts: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string' },
      kills: { type: 'string' },
      keys: { type: 'string', default: '500' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return print(usage);
  const seed = Number(values.seed ?? Date.now() % 1e9);
  print(`seed ${seed}`);
  const progress: Progress = { chance: chanceFrom(seed), tally: newTally(), reports: [], lines: [], cuts: 0 };
  const wantedKills = values.kills === undefined ? null : Number(values.kills);
  const end = performance.now() + Number(values.minutes ?? 5) * 60_000;
  const isOver = () => (wantedKills === null ? performance.now() > end : progress.tally.kills >= wantedKills);
  const ground = await prepareGround();
  try {
    const keyctl = await buildProgram(`${ground.scratch}/program`, 'failpoints');
    const inArena = async (name: string, play: (arena: LongArena) => Promise<void>) => {
      const arena = await groundArena(ground, keyctl, name);
      try {
        await play(arena);
      } finally {
        progress.reports.push(arena.oracle.report());
        await arena.close();
      }
      const { tally, cuts } = progress;
      process.stderr.write(
        `  … ${name}: ${tally.kills} kills, ${cuts} cuts, ${tally.problems.length} problems\n`,
      );
    };
    await inArena('together', (arena) => share(arena, progress, Number(values.keys)));
    // Each round has a database of its own, so that none gets slow.
    for (let round = 1; round === 1 || !isOver(); round++) {
      await inArena(`round_${round}`, (arena) => playRound(arena, progress, isOver));
      await playUsage(await usageGround(ground, keyctl, `usage_${round}`), progress);
    }
  } catch (error) {
    // What was seen until then is told all the same.
    progress.tally.problems.push(
      `the run itself failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    await ground.close();
  }
  process.exitCode = conclude(progress) ? 0 : 1;
}

async function playRound(arena: LongArena, progress: Progress, isOver: () => boolean): Promise<void> {
  const { chance, tally } = progress;
  const until = tally.kills + killsARound;
  const sweep = { chance, tally, timing: { wholeMs: 300 } };
  while (tally.kills < until && !isOver()) await killOnce(arena, sweep, anyKill(chance));
  const cuts = await possibleCuts(arena, arena.wire);
  for (let times = 0; times < cutsARound; times++) {
    const { problems } = await cutOnce(arena, arena.wire, chance.oneOf(cuts));
    progress.cuts += 1;
    tally.problems.push(...problems);
  }
}

async function playUsage(
  ground: Awaited<ReturnType<typeof usageGround>>,
  { chance, tally }: Progress,
): Promise<void> {
  const sweep = { chance, tally, timing: { wholeMs: 300 } };
  try {
    for (let times = 0; times < usageKillsARound; times++)
      await killUsageOnce(ground, sweep, chance.oneOf(usageFaults));
  } finally {
    await ground.close();
  }
}

async function share(arena: LongArena, { tally, lines }: Progress, dueKeys: number): Promise<void> {
  const one = await rotateTogether(arena, 32);
  tally.problems.push(...one.problems);
  const successes = one.codes.filter((code) => code === 0).length;
  const refused = one.codes.filter((code) => code === 4).length;
  lines.push(`32 processes rotating one key: ${successes} exit 0, ${refused} exit 4`);
  if (successes !== 1 || refused !== 31) tally.problems.push(`32 at once ended with ${one.codes.join(' ')}`);

  const keys = [];
  while (keys.length < dueKeys) keys.push(await arena.plantKey());
  const due = await rotateDueTogether(arena, 8, keys);
  tally.problems.push(...due.problems);
  const outcomes = [...due.outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const distinct = new Set(due.rotated).size;
  lines.push(
    `8 overlapping \`rotate due\` over ${dueKeys} keys: lines ${outcomes}; ${distinct} distinct keys; exits ${due.codes.join(' ')}`,
  );
  if (due.rotated.length !== dueKeys || distinct !== dueKeys)
    tally.problems.push(`of ${dueKeys} due keys, ${due.rotated.length} lines call ${distinct} rotated`);
}

/** Prints what happened and what the oracles saw; true when all is well. */
function conclude({ tally, reports, lines, cuts }: Progress): boolean {
  print(
    `${tally.kills} kills, ${tally.survivors} runs that were faster than their killer, ${cuts} cut connections`,
  );
  for (const [fault, times] of [...tally.byFault].sort()) print(`  ${String(times).padStart(5)}  ${fault}`);
  print('what brought the key home then');
  for (const [how, times] of [...tally.byRecovery].sort(([, a], [, b]) => b - a))
    print(`  ${String(times).padStart(5)}  ${how}`);
  for (const line of lines) print(line);
  print(reportText(together(reports)));
  const problems = new Set(tally.problems);
  for (const problem of problems) print(`problem: ${problem}`);
  return problems.size === 0;
}

function together(reports: readonly OracleReport[]): OracleReport {
  const sum = (of: (report: OracleReport) => number) => reports.reduce((all, report) => all + of(report), 0);
  const promises = new Map<string, readonly string[]>();
  for (const report of reports)
    for (const [promise, violations] of report.promises)
      promises.set(promise, [...(promises.get(promise) ?? []), ...violations]);
  return {
    ...{
      looks: sum(({ looks }) => looks),
      glances: sum(({ glances }) => glances),
      runs: sum(({ runs }) => runs),
    },
    promises,
  };
}

await main();
