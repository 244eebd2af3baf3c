import type { Command } from 'commander';
import { parseDuration } from '../../domain/duration.js';
import { usageError } from '../../domain/errors.js';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { reasonFlag } from '../ask-reason.js';
import { addChangeFlags, newCommand } from '../new-command.js';
import { type ChangeRotationFlags, changeRotation } from './change-rotation.js';

interface ExtendFlags extends ChangeRotationFlags {
  readonly grace?: number;
}

const example =
  'keyctl rotate extend rot_7Q2mK9xZab3d --grace 12h --reason "two workers are not redeployed yet, OPS-311"';

export function extendCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'extend')
    .summary('keep the old key of a rotation usable for longer')
    .description('Move the end of a running grace to now and --grace; never beyond the old key’s own end.')
    .argument('[id]', 'rotation, start of its id, or a KEY of its family')
    .option('--grace <duration>', 'from now', (text) => parseDuration('--grace', text))
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addChangeFlags(command);
  return command.action(async (id: string | undefined, flags: ExtendFlags) => {
    const graceSeconds = flags.grace;
    if (graceSeconds === undefined) throw usageError('--grace', 'how long, from now?', example);
    await changeRotation(rt, id, flags, {
      verb: line`keep`,
      warning: line`Both keys stay usable for longer.`,
      example,
      states: ['open'],
      action: 'rotation.extended',
      needsReason: true,
      touches: (row) => row.old_key_id,
      settled: (row) => row.state !== 'open',
      async look(_ctx, row) {
        const { extensionPlan } = await import('../../render/rotation-end-plan.js');
        await rt.print(extensionPlan, { row, graceSeconds });
      },
      async act(ctx, row, reason) {
        const { extendRotation } = await import('../../actions/rotation/extend-rotation.js');
        const { extension } = await import('../../render/rotation-end.js');
        await rt.print(extension, await extendRotation(ctx, { row, graceSeconds, reason }));
      },
    });
  });
}
