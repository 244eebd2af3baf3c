import { type Command, Option } from 'commander';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

export function limitsCommand(rt: Runtime): Command {
  return newCommand(rt, 'limits')
    .summary('budgets, quotas and rates: what of them is used, worst first')
    .description(
      'Show what of their budgets, quotas and rate limits keys used: cost, requests and tokens of this month (UTC) for the whole ' +
        'family, the busiest minute and hour of the last 7 days. Without KEY: every living key that has a limit.',
    )
    .argument('[key]', 'id, start of an id, name, external id, fingerprint or redacted token')
    .addOption(new Option('--by <what>', 'a row for each').choices(['key', 'owner']).default('key'))
    .action(async (key: string | undefined, flags: { by: 'key' | 'owner' }) => {
      const { readLimits } = await import('../../actions/read-limits.js');
      const { limitReport } = await import('../../render/limit-report.js');
      await rt.withContext({}, async (ctx) => {
        await rt.print(limitReport(flags.by), await readLimits(ctx, key ?? null, { interactive: rt.canAsk }));
      });
    });
}
