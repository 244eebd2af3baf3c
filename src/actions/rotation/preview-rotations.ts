import type { KeyRow } from '../../db/reads/keys.js';
import { type RotationPreview, rotationPreviews as readPreviews } from '../../db/reads/rotation-preview.js';
import type { Context } from '../context.js';

/** What would meet the rotation of these keys; nothing is minted. */
export async function rotationPreviews(
  ctx: Context,
  rows: readonly KeyRow[],
): Promise<readonly RotationPreview[]> {
  return await ctx.db.query((db) =>
    readPreviews(
      db,
      rows.map((row) => row.key.id),
    ),
  );
}
