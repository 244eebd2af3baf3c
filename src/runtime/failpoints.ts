import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Machine } from './machine.js';

declare const __KEYCTL_RELEASE__: boolean | undefined;

type Reached = (point: string) => Promise<void>;

/**
 * What a protocol tells of its steps (`Context.reached`), made so that tests can end, stop or slow the process at one:
 * `KEYCTL_FAILPOINT=rotate.staged:kill`, several with commas, the second time with `rotate.staged@2:stop`. Without an act
 * it is `kill`; the others are `stop` (until SIGCONT) and `delay-MS`. It says on stderr where it stands, so that a test
 * can wait for that. In a release build nothing of this exists: whoever sets the environment of a user's keyctl could
 * else choose where it dies.
 */
export const failpoints: (machine: Machine) => Reached =
  typeof __KEYCTL_RELEASE__ === 'boolean' && __KEYCTL_RELEASE__ ? () => async () => {} : armed;

function armed({ env, stderr }: Machine): Reached {
  const acts = new Map<string, string>();
  for (const wanted of (env.KEYCTL_FAILPOINT ?? '').split(',')) {
    const [point = '', act = 'kill'] = wanted.split(':');
    acts.set(point.includes('@') ? point : `${point}@1`, act);
  }
  const times = new Map<string, number>();
  return async (point) => {
    const time = (times.get(point) ?? 0) + 1;
    times.set(point, time);
    const act = acts.get(`${point}@${time}`);
    if (act === undefined) return;
    stderr.write(`failpoint ${point}\n`);
    await obey(act);
  };
}

async function obey(act: string): Promise<void> {
  const [, ms] = /^delay-(\d+)$/.exec(act) ?? [];
  if (ms !== undefined) await pause(Number(ms));
  // Of a shell this process is the parent; only `system.ts` may name the process itself.
  else spawnSync('/bin/sh', ['-c', `kill -${act === 'stop' ? 'STOP' : 'KILL'} $PPID`]);
}
