import type { Command } from 'commander';
import { usageError } from '../domain/errors.js';
import { line } from '../render/terminal-text.js';
import type { Runtime } from '../runtime/runtime.js';
import { newCommand } from './new-command.js';

interface DemoFlags {
  readonly fresh?: boolean;
  readonly seed?: number;
  readonly dryRun?: boolean;
}

const defaultSeed = 1;

export function demoCommand(rt: Runtime): Command {
  return newCommand(rt, 'demo')
    .summary('fill a database of its own with a month of made-up history')
    .description(
      'Fill the database keyctl_demo of the embedded server with a month of made-up history, one leaked key in it, ' +
        'and print what to try. Never touches a configured database. What is there already is kept.',
    )
    .option('--fresh', 'make it anew, with a history that ends now')
    .option('--seed <n>', `another history; the same number, the same keys (${defaultSeed})`, parseSeed)
    .option('--dry-run', 'say what would be made; make nothing')
    .action(async (flags: DemoFlags) => {
      const { makeDemo, planDemo } = await import('../actions/demo/make-demo.js');
      const { demoGuide } = await import('../render/demo-guide.js');
      const { embeddedSettings } = await import('../runtime/embedded-settings.js');
      const { drizzleFolder } = await import('../runtime/session.js');
      const { ownName } = await import('../runtime/own-name.js');
      const { machine } = rt;
      const seed = flags.seed ?? defaultSeed;
      const program = ownName(machine);
      if (flags.dryRun === true) {
        await rt.print(demoGuide, { demo: planDemo(seed, machine.now()), program, dryRun: true });
        return;
      }
      const demo = await makeDemo({
        dataHome: embeddedSettings(rt, 'keyctl_demo').dataHome,
        folder: drizzleFolder(rt),
        searchPath: machine.env.PATH ?? '',
        timeoutMs: Math.max(rt.flags.timeoutMs, 120_000),
        seed,
        fresh: flags.fresh === true,
        now: machine.now(),
        operationId: machine.randomUuid(),
        context: { actor_os: machine.user.name, actor_claimed: rt.flags.actor, host: machine.hostname },
        onStart: () => rt.say(line`making a month of history (some seconds) …`),
      });
      if (flags.seed !== undefined && flags.seed !== demo.history.seed) {
        rt.warn(
          line`the demo that is there was made with seed ${demo.history.seed}; add --fresh to make seed ${flags.seed}`,
        );
      }
      await rt.print(demoGuide, { demo, program, dryRun: false });
    });
}

function parseSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw usageError('--seed', 'a whole number of at most nine digits', '--seed 7');
  return Number(text);
}
