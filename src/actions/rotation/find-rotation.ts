import type { RotationState } from '../../db/kernel-rotation.js';
import { type RotationRow, rotationsOfOperation, selectRotations } from '../../db/reads/rotations.js';
import { targetName } from '../../db/settings.js';
import { exitCodes, KeyctlError, notFoundError } from '../../domain/errors.js';
import { parseRotationReference } from '../../domain/rotation-reference.js';
import type { Context } from '../context.js';
import { findKeys } from '../find-keys.js';

export interface RotationWanted {
  readonly interactive: boolean;
  /** Which rotations a KEY can mean; what is meant when none of its family is in such a state is the newest one. */
  readonly states: readonly RotationState[];
  /** A KEY of a command that is repeated means the rotation it meant the first time, whatever came after it. */
  readonly repeats?: {
    readonly operationId: string;
    readonly action: 'rotation.finalized' | 'rotation.extended' | 'rotation.aborted';
  };
}

/**
 * The one rotation that an ID means: its own id, the start of it, or a KEY whose family has one that fits.
 * @throws KeyctlError 3 (none fits, naming the database), 2 (several fit, with the list)
 */
export async function findRotation(ctx: Context, text: string, wanted: RotationWanted): Promise<RotationRow> {
  const reference = parseRotationReference(text, wanted.interactive);
  if (reference.kind === 'key') return await rotationOfKey(ctx, reference.text, wanted);
  const filter =
    reference.kind === 'rotation' ? { rotationIds: [reference.rotationId] } : { idStart: reference.start };
  const shown = reference.kind === 'rotation' ? reference.rotationId : `${reference.start}…`;
  return only(ctx, await ctx.db.query((db) => selectRotations(db, filter)), shown);
}

async function rotationOfKey(ctx: Context, text: string, wanted: RotationWanted): Promise<RotationRow> {
  const { interactive, states, repeats } = wanted;
  if (repeats !== undefined) {
    const { operationId, action } = repeats;
    const rotationIds = await ctx.db.query((db) => rotationsOfOperation(db, operationId, action));
    if (rotationIds.length > 0) {
      const [first] = await ctx.db.query((db) => selectRotations(db, { rotationIds }));
      if (first !== undefined) return first;
    }
  }
  const [found] = await findKeys(ctx, [text], { interactive });
  if (found === undefined) throw new RangeError('a KEY that is found is one key');
  const { id, name, familyId } = found.row.key;
  const rows = await ctx.db.query((db) => selectRotations(db, { familyIds: [familyId] }));
  const fitting = rows.filter((row) => states.includes(row.state));
  const living = rows.filter((row) => row.state === 'pending' || row.state === 'open');
  const meant = [fitting, living, rows.slice(0, 1)].find((some) => some.length > 0) ?? [];
  return only(ctx, meant, `of ${id} (${name})`);
}

function only(ctx: Context, rows: readonly RotationRow[], shown: string): RotationRow {
  const [row, second] = rows;
  if (row === undefined) {
    throw notFoundError(`rotation ${shown}`, targetName(ctx.db.target), 'keyctl rotate status --all');
  }
  if (second !== undefined) throw ambiguous(rows, shown);
  return row;
}

function ambiguous(rows: readonly RotationRow[], shown: string): KeyctlError {
  const listed = rows.slice(0, 8).map((row) => `${row.rotation_id} (${row.old_name}, ${row.state})`);
  const more = rows.length > listed.length ? ` and ${rows.length - listed.length} more` : '';
  return new KeyctlError({
    code: 'ambiguous',
    message: `ID: ${shown} fits ${rows.length} rotations: ${listed.join(', ')}${more}`,
    hint: `give the id: ${rows[0]?.rotation_id ?? 'rot_…'}`,
    exitCode: exitCodes.usage,
  });
}
