import type { Command } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { tellIncidents } from '../tell-incidents.js';

/** The first rollup of twenty million events takes minutes; nobody should have to guess `--timeout` for a cron entry. */
const longestMs = 3_600_000;

/** `keyctl audit rollup`: the cron entry. */
export function rollupCommand(rt: Runtime): Command {
  return newCommand(rt, 'rollup')
    .summary('count closed hours, enforce budgets: a cron entry')
    .description(
      'Count the events that were filed since the last time by key and hour, late ones too, so that months are summed in ' +
        'milliseconds. Then keys with --auto-suspend whose budget or quota is used up are suspended until the next month, and ' +
        'budget alerts are raised, once each. May run twice at once, and be killed: the next run does the rest.',
    )
    .action(async () => {
      const { rollUp } = await import('../../actions/roll-up.js');
      const { rollup } = await import('../../render/rollup.js');
      await rt.withContext({ leastTimeoutMs: longestMs }, async (ctx) => {
        const done = await rollUp(ctx);
        tellIncidents(rt, done.incidents);
        await rt.print(rollup, done);
      });
    });
}
