import type { Command } from 'commander';
import type { Runtime } from '../../../runtime/runtime.js';
import { newCommand } from '../../new-command.js';

export function policyListCommand(rt: Runtime): Command {
  return newCommand(rt, 'list')
    .summary('what each policy and environment asks, and what is overdue')
    .description(
      'List what each policy and environment asks of its keys: the time between rotations, the grace period, the time between ' +
        'reviews, the latest expiry; how many keys follow it, and how many of these are due (keyctl keys list --due, keyctl keys review).',
    )
    .action(async () => {
      const { policies } = await import('../../../db/reads/policies.js');
      const { policyList } = await import('../../../render/policy-list.js');
      await rt.withContext({}, async (ctx) => rt.print(policyList, await ctx.db.query(policies)));
    });
}
