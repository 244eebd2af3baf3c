import type { Command } from 'commander';
import { wholeNumber } from '../../domain/setting-values.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

const aheadFlag = wholeNumber('--ahead', { min: 0, max: 104, example: '4' });

export function partitionsCommand(rt: Runtime): Command {
  return newCommand(rt, 'partitions')
    .summary('the weekly tables that usage lies in, and making them ahead')
    .description(
      'List the weekly tables that usage lies in, with their times, size and estimated rows. What retention would drop: ' +
        'keyctl db retention --keep 400d --dry-run',
    )
    .option('--ahead <weeks>', 'make the tables of this week and of so many after it first', aheadFlag)
    .action(async (flags: { ahead?: number }) => {
      const { listPartitions } = await import('../../actions/apply-retention.js');
      const { partitionList } = await import('../../render/partition-list.js');
      await rt.withContext({}, async (ctx) => {
        await rt.print(partitionList, await listPartitions(ctx, flags.ahead ?? null));
      });
    });
}
