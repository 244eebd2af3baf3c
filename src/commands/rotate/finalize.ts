import type { Command } from 'commander';
import type { Context } from '../../actions/context.js';
import type { Finalization, QuietWait } from '../../actions/rotation/finalize-rotation.js';
import type { RotationRow } from '../../db/reads/rotations.js';
import { parseDuration } from '../../domain/duration.js';
import { exitCodes, interruptedError, usageError } from '../../domain/errors.js';
import { line } from '../../render/terminal-text.js';
import { listenForInterrupt } from '../../runtime/interruption.js';
import type { Runtime } from '../../runtime/runtime.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { changeRotation } from './change-rotation.js';

interface FinalizeFlags extends ChangeFlags {
  readonly whenQuiet?: number;
  readonly wait?: boolean;
}

export function finalizeCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'finalize')
    .summary('end the old key of a rotation')
    .description(
      'End the old key of a rotation: now, or with --when-quiet once the new key is used and the old one is silent.',
    )
    .argument('[id]', 'rotation, start of its id, or a KEY of its family')
    .option(
      '--when-quiet <duration>',
      'only if the successor is used and the old key was silent that long; else exit 7',
      (text) => parseDuration('--when-quiet', text),
    )
    .option('--wait', 'with --when-quiet: ask again until it is; Ctrl-C ends the wait');
  addChangeFlags(command);
  return command.action(async (id: string | undefined, flags: FinalizeFlags) => {
    if (flags.wait === true && flags.whenQuiet === undefined)
      throw usageError('--wait', 'waits for silence: say how long', '--when-quiet 1h --wait');
    if (flags.wait === true && flags.dryRun === true)
      throw usageError('--wait', 'a dry run does not wait', '--when-quiet 1h --dry-run');
    await changeRotation(rt, id, flags, {
      verb: line`end`,
      warning:
        flags.whenQuiet === undefined
          ? line`Whoever still uses the old key is refused from then on.`
          : line`The old key ends once it is quiet.`,
      example: 'keyctl rotate finalize rot_7Q2mK9xZab3d --when-quiet 1h',
      states: ['open'],
      action: 'rotation.finalized',
      needsReason: false,
      touches: (row) => row.old_key_id,
      settled: (row) => row.state !== 'open',
      look: (ctx, row) => look(rt, ctx, row, flags),
      act: (ctx, row) => act(rt, ctx, row, flags),
    });
  });
}

/** Exit 7 for a rotation that is not quiet, so that a script can ask without ending anything. */
async function look(
  rt: Runtime,
  ctx: Context,
  row: RotationRow,
  { whenQuiet }: FinalizeFlags,
): Promise<void> {
  const { unquietNow } = await import('../../actions/rotation/finalize-rotation.js');
  const { finalizationPlan } = await import('../../render/rotation-end-plan.js');
  const unquiet = whenQuiet === undefined ? null : await unquietNow(ctx, row, whenQuiet);
  if (unquiet !== null) rt.exitWith(exitCodes.check);
  await rt.print(finalizationPlan, { row, quietSeconds: whenQuiet ?? null, unquiet });
}

async function act(rt: Runtime, ctx: Context, row: RotationRow, flags: FinalizeFlags): Promise<void> {
  const { finalizeRotation } = await import('../../actions/rotation/finalize-rotation.js');
  const { finalization } = await import('../../render/rotation-end.js');
  const { whenQuiet, wait } = flags;
  const done =
    wait === true && whenQuiet !== undefined
      ? await waited(rt, ctx, row, whenQuiet)
      : await finalizeRotation(ctx, { row, quietSeconds: whenQuiet ?? null });
  if (done.answer.outcome === 'not_quiet') rt.exitWith(exitCodes.check);
  await rt.print(finalization, done);
}

/** @throws KeyctlError 130 when somebody does not want to wait any longer: nothing was changed then */
async function waited(
  rt: Runtime,
  ctx: Context,
  row: RotationRow,
  quietSeconds: number,
): Promise<Finalization> {
  const { finalizeWhenQuiet } = await import('../../actions/rotation/finalize-rotation.js');
  const { sentence } = await import('../../render/sentence.js');
  const { unquietText } = await import('../../render/unquiet.js');
  const interruption = listenForInterrupt(rt.machine);
  const onWaiting = ({ facts, doubt, last }: QuietWait) => {
    if (!rt.machine.terminal.stderr) return;
    const why = unquietText(facts, doubt, { wantedSeconds: quietSeconds, last });
    rt.say(sentence(rt.style('stderr').muted(line`waiting: ${why}`), rt.view('stderr')));
  };
  try {
    const done = await finalizeWhenQuiet(
      ctx,
      { row, quietSeconds },
      { pause: interruption.pause, onWaiting },
    );
    if (done !== null) return done;
    throw interruptedError(`nothing was changed: ${row.old_key_id} is not ended`, {
      hint: `keyctl rotate status ${row.rotation_id}`,
    });
  } finally {
    interruption.done();
  }
}
