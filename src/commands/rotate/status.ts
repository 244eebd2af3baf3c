import type { Command } from 'commander';
import type { Context } from '../../actions/context.js';
import type { RotationRow } from '../../db/reads/rotations.js';
import { targetName } from '../../db/settings.js';
import { usageError } from '../../domain/errors.js';
import { parseRotationReference } from '../../domain/rotation-reference.js';
import { wholeNumber } from '../../domain/setting-values.js';
import { programName } from '../../render/program-name.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { newCommand } from '../new-command.js';

interface StatusFlags {
  readonly all?: boolean;
  readonly limit?: number;
  readonly cursor?: number;
}

export function statusCommand(rt: Runtime): Command {
  return newCommand(rt, 'status')
    .summary('rotations that are pending or open, and who still uses the old keys')
    .description(
      'Show rotations: without ID those that are pending or open, and those of the last day whose dead key is still ' +
        'presented; with ID the whole picture of one, with who still uses its old key.',
    )
    .argument('[id]', 'rotation, start of its id, or a KEY of its family')
    .option('--all', 'also those that are over')
    .option('--limit <n>', 'how many (200)', wholeNumber('--limit', { min: 1, max: 10_000, example: '500' }))
    .option(
      '--cursor <c>',
      'go on where the page before ended',
      wholeNumber('--cursor', { min: 0, max: 100_000_000, example: '200' }),
    )
    .action(async (id: string | undefined, flags: StatusFlags) => {
      if (id === undefined) return await rt.withContext({}, (ctx) => showAll(rt, ctx, flags));
      if (Object.keys(flags).length > 0)
        throw usageError('ID', 'one rotation has no pages and no others', `keyctl rotate status ${id}`);
      parseRotationReference(id, rt.canAsk);
      await rt.withContext({}, (ctx) => showOne(rt, ctx, id));
    });
}

async function showAll(rt: Runtime, ctx: Context, flags: StatusFlags): Promise<void> {
  const { listRotations } = await import('../../db/reads/rotations.js');
  const { rotationList } = await import('../../render/rotation-list.js');
  const { all = false, limit = 200, cursor: offset = 0 } = flags;
  const page = await ctx.db.query((db) => listRotations(db, { all, limit, offset }));
  await rt.print(rotationList, { page, all, where: targetName(ctx.db.target) });
  await sayNext(rt, page.rows.filter(isStuck).slice(0, mostSaid));
}

/** More than these are a morning's work, and `status ID` says it of each. */
const mostSaid = 3;

/** Nothing goes on by itself here. */
function isStuck({ dead, commit_pending: uncommitted }: RotationRow): boolean {
  return dead || uncommitted;
}

async function showOne(rt: Runtime, ctx: Context, id: string): Promise<void> {
  const { findRotation } = await import('../../actions/rotation/find-rotation.js');
  const { rotationPicture } = await import('../../actions/rotation/rotation-picture.js');
  const { rotationPicture: shown } = await import('../../render/rotation-picture.js');
  const row = await findRotation(ctx, id, { interactive: rt.canAsk, states: ['pending', 'open'] });
  await rt.print(shown, await rotationPicture(ctx, row));
  await sayNext(rt, [row]);
}

/** A command to run for each, as far as there is one. */
async function sayNext(rt: Runtime, rows: readonly RotationRow[]): Promise<void> {
  if (!rt.machine.terminal.stderr) return;
  const { nextStep } = await import('../../render/rotation-state.js');
  for (const row of rows) {
    const step = nextStep(row);
    if (step === null) continue;
    const { muted } = rt.style('stderr');
    rt.say(muted(line`  next  ${programName(rt.flags.demo)} ${clean(step.command)}`));
    rt.say(muted(line`        ${clean(step.why)}`));
  }
}
