import type { Command } from 'commander';
import { parseFutureInstant } from '../../../domain/instant.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { askReason, reasonFlag, requireReason } from '../../ask-reason.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../../new-command.js';
import { changeFindings, findingIds } from './finding-ids.js';

interface DismissFlags extends ChangeFlags {
  readonly reason?: string;
  readonly suppressUntil?: Date;
}

export function findingDismissCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'dismiss')
    .summary('say that findings are nothing to act on, and why')
    .description(
      'Say that findings are nothing to act on. They count for no risk any more. With --suppress-until the same detector and cause is ' +
        'not raised for the same key until that date; everything else about it is.',
    )
    .argument('<finding...>', 'fnd_…', findingIds)
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag)
    .option('--suppress-until <when>', '7d, 2027-01-31, or a time; within a year', (text) =>
      parseFutureInstant('--suppress-until', text, rt.machine.now()),
    );
  addChangeFlags(command);
  return command.action(async (ids: readonly string[], flags: DismissFlags) => {
    if (flags.dryRun !== true) requireReason(rt, flags.reason);
    const reason = flags.dryRun === true ? '' : await askReason(rt, flags.reason);
    const suppressUntil = flags.suppressUntil ?? null;
    const { dismiss } = await import('../../../actions/detect/change-findings.js');
    await changeFindings(rt, flags, 'dismiss', {
      ids,
      change: (ctx) => dismiss(ctx, ids, { reason, suppressUntil }),
    });
  });
}
