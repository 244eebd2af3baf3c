import { type Arena, keyInUse, type PlantedKey } from './arena.js';
import type { Observation } from './oracle/oracle.js';
import { observed, planRun, type RotationRun, startRun } from './rotation-run.js';
import { startKeyctl } from './run-keyctl.js';

/** What a user may try first after a rotation was cut off. */
export const waysBack = ['the same operation', 'rotate resume', 'rotate abort'] as const;
export type WayBack = (typeof waysBack)[number];

export interface Recovered {
  /** What was typed in the end: that way, or another rotation after it did not help. */
  readonly how: string;
  readonly problems: readonly string[];
}

interface CutOff {
  readonly planted: PlantedKey;
  readonly run: RotationRun;
}

/**
 * What a user does after a rotation was cut off, each step judged by the oracle: first that way; if it does not help, what
 * `rotate` tells him to: finish it, rotate again, a new secret for the lost one, and at last `--force`. It is a defect when nothing of all this ends with 0.
 */
export async function recover(arena: Arena, way: WayBack, cutOff: CutOff): Promise<Recovered> {
  const { run, planted } = cutOff;
  const problems: string[] = [];
  const tried: string[] = [];
  const judged = async (observation: Observation, what: string, stderr: string) => {
    problems.push(...(await arena.oracle.look([observation])));
    tried.push(`${what}: exit ${observation.exitCode} ${observation.exitCode === 0 ? '' : stderr}`.trim());
    return observation.exitCode === 0;
  };
  for (const what of way === 'rotate resume' ? [way] : [way, 'rotate resume' as const]) {
    const ended = await tryWay(arena, what, cutOff);
    const told = { ...observed(run, ended, false), name: `${what} after ${run.name}` };
    // An abort claims nothing of a delivery.
    if (what === 'rotate abort') tried.push(`${what}: exit ${ended.exitCode}`);
    else if (await judged(told, what, ended.stderr)) return { how: steps(tried), problems };
  }
  for (const what of ['rotate', 'rotate reissue', 'rotate --force']) {
    const [, ...more] = what.split(' ');
    const request = {
      name: `${what} after ${run.name}`,
      planted,
      kinds: run.sinks.map((sink) => sink.kind),
      after: run,
    };
    const isReissue = what === 'rotate reissue';
    const anew = await planRun(arena, { ...request, ...(isReissue ? { isReissue } : { flags: more }) });
    const ended = await startRun(arena, anew).ended;
    if (await judged(observed(anew, ended), what, ended.stderr)) return { how: steps(tried), problems };
  }
  return { how: 'no way back', problems: [...problems, `${run.name}: no way back: ${tried.join('; ')}`] };
}

/** `rotate abort 0, rotate resume 3, rotate 0` */
function steps(tried: readonly string[]): string {
  return tried.map((each) => each.replace(/: exit (\S+).*/s, ' $1')).join(', ');
}

async function tryWay(arena: Arena, way: WayBack, { planted, run }: CutOff) {
  if (way === 'the same operation') return await startRun(arena, run).ended;
  const keyId = await keyInUse(arena.sql, planted);
  if (way === 'rotate abort') {
    const argv = ['rotate', 'abort', keyId, '--reason', 'chaos: it was cut off', '--yes', '--json'];
    return await startKeyctl(arena, argv).ended;
  }
  const places = run.sinks
    .filter((sink) => sink.kind !== 'stdout')
    .flatMap((sink) => ['--deliver', sink.flag]);
  return await startKeyctl(arena, ['rotate', 'resume', keyId, ...places, '--yes', '--json']).ended;
}
