import { setTimeout as pause } from 'node:timers/promises';
import { type Arena, type SinkKind, sinkKinds } from './arena.js';
import type { Chance } from './chance.js';
import { recover, waysBack } from './recovery.js';
import { observed, planRun, type RotationRun, startRun } from './rotation-run.js';
import type { Ended } from './run-keyctl.js';

/** Where `rotate` tells that it got to. */
export const rotateFailpoints = [
  'rotate.prepared',
  'rotate.staged',
  'rotate.activated',
  'rotate.committed',
  'rotate.after',
] as const;

export const randomMoment = 'a random moment';

/** How the old key ends, with a grace, at its delivery, at once; and something to be told of it. */
const endings = [
  [],
  ['--grace', '1h'],
  ['--grace', '0'],
  ['--compromised'],
  ['--after', '/bin/true'],
  ['--grace', '0', '--after', '/bin/true'],
] as const;

export interface SweepTally {
  kills: number;
  /** Runs that were faster than their killer. */
  survivors: number;
  readonly byFault: Map<string, number>;
  readonly byRecovery: Map<string, number>;
  readonly problems: string[];
}

export function newTally(): SweepTally {
  return { kills: 0, survivors: 0, byFault: new Map(), byRecovery: new Map(), problems: [] };
}

/** What a sweep kills next: at a failpoint as often as at a random moment, with one to three sinks. */
export function anyKill(chance: Chance): KillWanted {
  const fault = chance.below(2) === 0 ? chance.oneOf(rotateFailpoints) : randomMoment;
  return { fault, kinds: chance.someOf(sinkKinds) };
}

export interface KillWanted {
  /** A failpoint, or `a random moment`. */
  readonly fault: string;
  readonly kinds: readonly SinkKind[];
}

/** What a sweep goes on with. */
export interface Sweep {
  readonly chance: Chance;
  readonly tally: SweepTally;
  readonly timing: Timing;
}

/** Kills one rotation, lets the oracle look, does what a user would do then, and lets it look again. */
export async function killOnce(arena: Arena, sweep: Sweep, { fault, kinds }: KillWanted): Promise<void> {
  const { chance, tally } = sweep;
  const planted = await arena.plantKey();
  const flags = chance.oneOf<readonly string[]>(endings);
  const name = `kill ${tally.kills + 1} at ${fault} ${flags.join(' ')}`.trim();
  const run = await planRun(arena, { name, planted, kinds, flags });
  await arena.oracle.look();
  const ended = await killed(arena, run, fault, sweep);
  const isKilled = ended.exitCode === null;
  tally.kills += Number(isKilled);
  tally.survivors += Number(!isKilled);
  if (isKilled) count(tally.byFault, `SIGKILL at ${fault}`);
  tally.problems.push(...(await arena.oracle.look([observed(run, ended)])));
  const { how, problems } = await recover(arena, chance.oneOf(waysBack), { planted, run });
  count(tally.byRecovery, how);
  tally.problems.push(...problems);
}

/** How long a rotation takes that nobody kills; follows the machine's load. */
interface Timing {
  wholeMs: number;
}

async function killed(
  arena: Arena,
  run: RotationRun,
  fault: string,
  { chance, timing }: Sweep,
): Promise<Ended> {
  const isRandom = fault === randomMoment;
  const { child, ended } = startRun(arena, run, isRandom ? {} : { KEYCTL_FAILPOINT: `${fault}:kill` });
  const watched = watchEnvFiles(arena, ended);
  if (isRandom) {
    // Nothing is in danger while Node starts.
    const afterMs = timing.wholeMs * (0.3 + chance.below(80) / 100);
    await Promise.race([pause(afterMs), ended]);
    child.kill('SIGKILL');
  }
  const end = await ended;
  await watched;
  if (end.exitCode === 0) timing.wholeMs = 0.8 * timing.wholeMs + 0.2 * end.ms;
  return end;
}

/** As whoever reloads the env file at that moment would. What it finds stays in the oracle's report. */
async function watchEnvFiles({ oracle }: Arena, ended: Promise<unknown>): Promise<void> {
  let isOver = false;
  const end = ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    await oracle.glance();
    await Promise.race([end, pause(5)]);
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
