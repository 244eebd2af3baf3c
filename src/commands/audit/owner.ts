import { type Command, Option } from 'commander';
import { type Dimension, dimensions } from '../../db/reads/usage-dimensions.js';
import { usageError } from '../../domain/errors.js';
import { parseEmail } from '../../domain/setting-values.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';
import { showCounts } from './show-usage.js';
import { type SplitPoint, showSplit, splitFlag, splitHelp } from './split-flag.js';
import { addWindow, limitFlag, type WindowFlags, windowOf } from './window-flags.js';

interface OwnerFlags extends WindowFlags {
  readonly by: Dimension;
  readonly limit?: number;
  readonly splitAt?: SplitPoint;
}

export function ownerCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'owner')
    .summary('usage over a person’s keys, across rotations')
    .description(
      'Count what all keys of a person were used for, dead ones too: keyctl audit usage --owner EMAIL --by key',
    )
    .argument('<email>', 'the owner’s e-mail address', (text) => parseEmail('EMAIL', text))
    .addOption(new Option('--by <what>', 'count requests').choices(dimensions).default('key'))
    .option('--limit <n>', 'how many', limitFlag)
    .option('--split-at <when>', splitHelp, splitFlag(rt));
  addWindow(rt, command, ' (7d)');
  return command.action(async (owner: string, flags: OwnerFlags) => {
    const window = { ...windowOf(flags), keyVersion: null };
    const { by, limit, splitAt } = flags;
    if (splitAt !== undefined && limit !== undefined)
      throw usageError('--split-at', 'counts all of it, without --limit', '--split-at 2026-08-20');
    const { usageScope } = await import('../../actions/usage-scope.js');
    const { usageGroups } = await import('../../render/usage-groups.js');
    await rt.withContext({}, async (ctx) => {
      const scope = await usageScope(ctx, { owner }, { interactive: rt.canAsk });
      if (splitAt !== undefined) await showSplit(rt, ctx, scope, { ...flags, splitAt, by, keyVersion: null });
      else await showCounts(rt, ctx, scope, window, { by, limit, lean: false, renderer: usageGroups(by) });
    });
  });
}
