import type { Command } from 'commander';
import type { Runtime } from '../../../runtime/runtime.js';
import { newCommand } from '../../new-command.js';

export function targetsListCommand(rt: Runtime): Command {
  return newCommand(rt, 'list')
    .summary('the time that each phase has, by severity')
    .description(
      'List the time that each phase of an incident has, from when it was detected or reopened. The review has none: it is due before ' +
        'a critical or high incident is closed.',
    )
    .action(async () => {
      const { incidentTargets } = await import('../../../db/reads/incidents.js');
      const { targetList } = await import('../../../render/incidents/target-list.js');
      await rt.withContext({}, async (ctx) => rt.print(targetList, await ctx.db.query(incidentTargets)));
    });
}
