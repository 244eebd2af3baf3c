import { setTimeout as pause } from 'node:timers/promises';
import { randomMoment, type Sweep } from './kill-sweep.js';
import { type Ended, startKeyctl } from './run-keyctl.js';
import { type UsageGround, usageTasks } from './usage-work.js';

export type UsageWork = keyof typeof usageTasks;

/** Where each command tells that it got to, and any moment. */
export const usageFaults: readonly (readonly [UsageWork, string])[] = [
  ['ingest', 'ingest.opened'],
  ['ingest', 'ingest.copied'],
  ['ingest', 'ingest.copied@2'],
  ['ingest', 'ingest.filed'],
  ['ingest', 'ingest.done'],
  ['ingest', randomMoment],
  ['rollup', 'rollup.collected'],
  ['rollup', 'rollup.rolled'],
  ['rollup', randomMoment],
  ['export', 'export.written'],
  ['export', 'export.written@5'],
  ['export', 'export.recorded'],
  ['export', randomMoment],
  ['retention', 'retention.dropped'],
  ['retention', randomMoment],
];

/** Kills one command, asks plain SQL, does it again as the user would, and asks once more. */
export async function killUsageOnce(
  ground: UsageGround,
  { chance, tally }: Sweep,
  [work, fault]: readonly [UsageWork, string],
): Promise<void> {
  const task = await usageTasks[work](ground, chance);
  const ended = await killed(ground, task.argv, fault, 80 + chance.below(work === 'retention' ? 250 : 700));
  const isKilled = ended.exitCode === null;
  tally.kills += Number(isKilled);
  tally.survivors += Number(!isKilled);
  if (isKilled) tally.byFault.set(`${work}: ${fault}`, (tally.byFault.get(`${work}: ${fault}`) ?? 0) + 1);
  const told = (problems: readonly string[]) =>
    problems.map((problem) => `${work} killed at ${fault}: ${problem}`);
  if (isKilled) tally.problems.push(...told(await task.afterKill()));
  else if (ended.exitCode !== 0) tally.problems.push(...told([`exit ${ended.exitCode}: ${ended.stderr}`]));
  // A survivor's work is done; doing it again must not matter either.
  const again = await startKeyctl(ground, task.again()).ended;
  if (again.exitCode !== 0) tally.problems.push(...told([`again: exit ${again.exitCode}: ${again.stderr}`]));
  else tally.problems.push(...told(await task.atEnd()));
}

async function killed(
  ground: UsageGround,
  argv: readonly string[],
  fault: string,
  afterMs: number,
): Promise<Ended> {
  const isRandom = fault === randomMoment;
  const env = isRandom ? {} : { KEYCTL_FAILPOINT: `${fault}:kill` };
  const { child, ended } = startKeyctl(ground, argv, { env });
  if (isRandom) {
    await Promise.race([pause(afterMs), ended]);
    child.kill('SIGKILL');
  }
  return await ended;
}
