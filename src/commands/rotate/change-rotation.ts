import type { Context } from '../../actions/context.js';
import type { RotationWanted } from '../../actions/rotation/find-rotation.js';
import type { RotationRow } from '../../db/reads/rotations.js';
import { usageError } from '../../domain/errors.js';
import { parseRotationReference } from '../../domain/rotation-reference.js';
import type { Safe } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { askReason, requireReason } from '../ask-reason.js';
import { askConsent, requireConsent } from '../consent.js';
import type { ChangeFlags } from '../new-command.js';
import { typedOrSearched } from '../typed-keys.js';

export interface ChangeRotationFlags extends ChangeFlags {
  readonly reason?: string;
}

/** A change of one rotation that is asked about first. */
export interface RotationChange {
  /** `finalize`: for the question. */
  readonly verb: Safe;
  readonly warning: Safe;
  /** A right command line, for who typed no ID. */
  readonly example: string;
  /** Which rotations a KEY can mean. */
  readonly states: RotationWanted['states'];
  readonly action: NonNullable<RotationWanted['repeats']>['action'];
  readonly needsReason: boolean;
  /** The key whose id is typed in answer: the one that is touched. */
  readonly touches: (row: RotationRow) => string;
  /** Nothing is left to be agreed to. */
  readonly settled: (row: RotationRow) => boolean;
  /** `--dry-run`. */
  readonly look: (ctx: Context, row: RotationRow) => Promise<void>;
  readonly act: (ctx: Context, row: RotationRow, reason: string) => Promise<void>;
}

/** Look, ask, act, as `changeSelected` does it with keys. Nothing stays open while a person thinks. */
export async function changeRotation(
  rt: Runtime,
  typed: string | undefined,
  flags: ChangeRotationFlags,
  change: RotationChange,
): Promise<void> {
  requireConsent(rt, flags);
  if (change.needsReason && flags.dryRun !== true) requireReason(rt, flags.reason);
  const id = await rotationTyped(rt, typed, change.example);
  const find = (ctx: Context) => meant(rt, ctx, id, flags, change);
  if (flags.dryRun === true)
    return await rt.withContext({}, async (ctx) => change.look(ctx, await find(ctx)));

  const row = flags.yes === true ? null : await ask(rt, find, change);
  const reason = change.needsReason ? await askReason(rt, flags.reason) : '';
  await rt.withContext({ operationId: flags.operationId }, async (ctx) =>
    change.act(ctx, row ?? (await find(ctx)), reason),
  );
}

/** The ID that was typed, or a key that is searched for now; what can be no ID is refused before anything is opened. */
async function rotationTyped(rt: Runtime, typed: string | undefined, example: string): Promise<string> {
  if (typed !== undefined && parseRotationReference(typed, rt.canAsk).kind !== 'key') return typed;
  if (typed === undefined && !rt.canAsk) throw usageError('ID', 'which rotation?', example);
  const [key] = await typedOrSearched(rt, typed === undefined ? [] : [typed], example);
  if (key === undefined) throw new RangeError('a key was typed or found');
  return key;
}

async function meant(
  rt: Runtime,
  ctx: Context,
  id: string,
  { operationId }: ChangeRotationFlags,
  { states, action }: RotationChange,
): Promise<RotationRow> {
  const { findRotation } = await import('../../actions/rotation/find-rotation.js');
  const repeats = operationId === undefined ? {} : { repeats: { operationId, action } };
  return await findRotation(ctx, id, { interactive: rt.canAsk, states, ...repeats });
}

async function ask(
  rt: Runtime,
  find: (ctx: Context) => Promise<RotationRow>,
  change: RotationChange,
): Promise<RotationRow> {
  const { rotationPicture } = await import('../../actions/rotation/rotation-picture.js');
  const { pictureText } = await import('../../render/rotation-picture.js');
  const { row, about } = await rt.withContext({}, async (ctx) => {
    const found = await find(ctx);
    return { row: found, about: pictureText(await rotationPicture(ctx, found), rt.view('stderr')) };
  });
  if (change.settled(row)) return row;
  const { verb, warning } = change;
  await askConsent(rt, { about, warning, verb, keyIds: [change.touches(row)] });
  return row;
}
