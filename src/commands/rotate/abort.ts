import type { Command } from 'commander';
import { line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { reasonFlag } from '../ask-reason.js';
import { addChangeFlags, newCommand } from '../new-command.js';
import { type ChangeRotationFlags, changeRotation } from './change-rotation.js';

export function abortCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'abort')
    .summary('give up a rotation whose successor is not usable yet')
    .description('Give up a rotation whose successor is not usable yet; the old key stays as it is.')
    .argument('[id]', 'rotation, start of its id, or a KEY of its family')
    .option('--reason <text>', 'why; kept in the audit log', reasonFlag);
  addChangeFlags(command);
  return command.action((id: string | undefined, flags: ChangeRotationFlags) =>
    changeRotation(rt, id, flags, {
      verb: line`abort`,
      warning: line`The successor never becomes usable.`,
      example: 'keyctl rotate abort rot_7Q2mK9xZab3d --reason "the deploy was cancelled, OPS-311"',
      states: ['pending'],
      action: 'rotation.aborted',
      needsReason: true,
      touches: (row) => row.new_key_id,
      settled: (row) => row.state !== 'pending',
      async look(_ctx, row) {
        const { abortionPlan } = await import('../../render/rotation-end-plan.js');
        await rt.print(abortionPlan, { row });
      },
      async act(ctx, row, reason) {
        const { abortRotation } = await import('../../actions/rotation/abort-rotation.js');
        const { abortion } = await import('../../render/rotation-end.js');
        await rt.print(abortion, await abortRotation(ctx, { row, reason }));
      },
    }),
  );
}
