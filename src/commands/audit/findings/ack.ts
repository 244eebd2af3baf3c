import type { Command } from 'commander';
import type { Runtime } from '../../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../../new-command.js';
import { changeFindings, findingIds } from './finding-ids.js';

export function findingAckCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'ack')
    .summary('say that somebody looks into findings')
    .description(
      'Say that you look into findings: they stay listed, and fail no cron entry any more. One that gets worse is open again.',
    )
    .argument('<finding...>', 'fnd_…', findingIds);
  addChangeFlags(command);
  return command.action(async (ids: readonly string[], flags: ChangeFlags) => {
    const { acknowledge } = await import('../../../actions/detect/change-findings.js');
    await changeFindings(rt, flags, 'ack', { ids, change: (ctx) => acknowledge(ctx, ids) });
  });
}
