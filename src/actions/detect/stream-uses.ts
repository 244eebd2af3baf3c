import type { SQL } from 'drizzle-orm';
import { type Use, usesOf } from '../../db/detect/activity.js';
import type { Activity, StrayActivity } from '../../domain/detect/activity.js';
import type { AddressWalk } from '../../domain/detect/walk-addresses.js';
import type { Context } from '../context.js';
import { toldRows } from '../copied-rows.js';

/** The server sorts before it sends the first row: of a long log that takes a while. */
const stallMs = 600_000;

/** Rows of `activityQuery` or `addressQuery`, as fast as they are taken. @throws KeyctlError 69, 77 */
export async function* streamUses(ctx: Context, query: SQL): AsyncGenerator<readonly Use[]> {
  const copy = await ctx.db.copyClient();
  try {
    for await (const rows of toldRows(ctx, copy, query, stallMs)) yield usesOf(rows);
  } finally {
    copy.destroy();
  }
}

/**
 * Goes through families one after the other.
 * @param begin called with each family, answers who takes its activity; called once more with null at the end
 */
export async function eachFamily(
  ctx: Context,
  query: SQL,
  begin: (familyId: string | null) => (activity: Activity) => void,
): Promise<void> {
  let current: string | null = null;
  let take: (activity: Activity) => void = () => {};
  for await (const uses of streamUses(ctx, query))
    for (const { familyId, activity } of uses) {
      if (activity === null) continue;
      if (familyId !== current) {
        current = familyId;
        take = begin(familyId);
      }
      take(activity);
    }
  begin(null);
}

/** Hands an address walk what happened next. */
export function pushUses(walk: AddressWalk, uses: readonly Use[]): void {
  const activity: Activity[] = [];
  const strays: StrayActivity[] = [];
  for (const use of uses) {
    if (use.activity === null) strays.push(use.stray);
    else activity.push(use.activity);
  }
  walk.push(activity, strays);
}
