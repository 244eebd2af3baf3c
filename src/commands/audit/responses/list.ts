import type { Command } from 'commander';
import type { Runtime } from '../../../runtime/runtime.js';
import { newCommand } from '../../new-command.js';

export function responseListCommand(rt: Runtime): Command {
  return newCommand(rt, 'list')
    .summary('what is done by itself, and what was in the last day')
    .description(
      'List what keyctl audit anomalies --respond does by itself, and how often it did so in the last 24 hours.',
    )
    .action(async () => {
      const { responseRules } = await import('../../../db/reads/findings.js');
      const { responseRuleList } = await import('../../../render/responses.js');
      await rt.withContext({}, async (ctx) => rt.print(responseRuleList, await ctx.db.query(responseRules)));
    });
}
