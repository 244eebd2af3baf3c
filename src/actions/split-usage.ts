import type { Dimension } from '../db/reads/usage-dimensions.js';
import type { UsageCounts } from '../db/reads/usage-groups.js';
import { exitCodes, KeyctlError } from '../domain/errors.js';
import { isoTime } from '../domain/stored-time.js';
import type { Context } from './context.js';
import { breakdown } from './read-usage.js';
import { findRotation } from './rotation/find-rotation.js';
import type { UsageScope } from './usage-scope.js';

/** Usage of one side of a moment, with how long that side is. */
export interface UsageSide {
  readonly since: string;
  readonly until: string;
  readonly hours: number;
  readonly total: UsageCounts;
}

/** What has one value on both sides; null: nothing there. */
export interface SplitGroup {
  readonly value: string | number | null;
  readonly name: string | null;
  readonly before: UsageCounts | null;
  readonly after: UsageCounts | null;
}

/** Usage before and after a moment, side by side. */
export interface UsageSplit {
  readonly scope: UsageScope;
  readonly by: Dimension;
  readonly splitAt: string;
  /** The rotation that was named. */
  readonly rotationId: string | null;
  readonly before: UsageSide;
  readonly after: UsageSide;
  /** Most requests of both sides first. */
  readonly groups: readonly SplitGroup[];
  readonly asOf: string | null;
}

/** When a rotation's successor became usable. @throws KeyctlError 3, 2 (not clear), 4 (it never did) */
export async function activationOf(
  ctx: Context,
  rotation: string,
  options: { readonly interactive: boolean },
): Promise<{ readonly rotationId: string; readonly at: Date }> {
  const states = ['open', 'finalized', 'pending', 'aborted'] as const;
  const row = await findRotation(ctx, rotation, { ...options, states });
  if (row.activated_at !== null)
    return { rotationId: row.rotation_id, at: new Date(isoTime(row.activated_at)) };
  throw new KeyctlError({
    code: 'not_activated',
    message: `${row.rotation_id} was never activated: there is no before and after`,
    hint: 'keyctl rotate status --all',
    exitCode: exitCodes.state,
  });
}

/**
 * Counts the two sides of a moment. Without `since` the time before is as long as the time after, so that the two can be
 * compared; rates say how they compare otherwise.
 */
export async function splitUsage(
  ctx: Context,
  scope: UsageScope,
  wanted: {
    readonly at: Date;
    readonly rotationId: string | null;
    readonly since: Date | null;
    readonly until: Date;
    readonly keyVersion: number | null;
    readonly by: Dimension;
  },
): Promise<UsageSplit> {
  const { at, until, by, keyVersion, rotationId } = wanted;
  const since = wanted.since ?? new Date(2 * at.getTime() - until.getTime());
  const options = { by, limit: null, lean: false };
  const sideOf = async (from: Date, to: Date) => {
    const window = { since: from.toISOString(), until: to.toISOString(), keyVersion };
    const counted = await breakdown(ctx, scope, window, options);
    const hours = (to.getTime() - from.getTime()) / 3_600_000;
    return { counted, side: { since: window.since, until: window.until, hours, total: counted.total } };
  };
  const before = await sideOf(since, at);
  const after = await sideOf(at, until);
  const groups = new Map<SplitGroup['value'], SplitGroup>();
  for (const { value, name, ...counts } of before.counted.groups)
    groups.set(value, { value, name, before: counts, after: null });
  for (const { value, name, ...counts } of after.counted.groups)
    groups.set(value, { value, name, before: groups.get(value)?.before ?? null, after: counts });
  const requests = (group: SplitGroup) => (group.before?.requests ?? 0) + (group.after?.requests ?? 0);
  return {
    ...{ scope, by, rotationId, splitAt: at.toISOString(), before: before.side, after: after.side },
    groups: [...groups.values()].toSorted((a, b) => requests(b) - requests(a)),
    asOf: after.counted.asOf,
  };
}
