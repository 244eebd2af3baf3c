import type { Context } from '../../actions/context.js';
import type { UsageScope } from '../../actions/usage-scope.js';
import type { Dimension } from '../../db/reads/usage-dimensions.js';
import { usageError } from '../../domain/errors.js';
import { parseInstant } from '../../domain/instant.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { WindowFlags } from './window-flags.js';

/** What `--split-at` names: a rotation, which is looked up, or a moment. */
export type SplitPoint =
  | { readonly kind: 'rotation'; readonly ref: string }
  | { readonly kind: 'at'; readonly at: Date };

export const splitHelp = 'before and after a rotation (rot_…), a date or a time, side by side with rates';

/** Reads it; everything that begins like a rotation's id is one. */
export function splitFlag(rt: Runtime): (text: string) => SplitPoint {
  return (text) =>
    text.startsWith('rot_')
      ? { kind: 'rotation', ref: text }
      : { kind: 'at', at: parseInstant('--split-at', text, rt.machine.now()) };
}

/** Counts both sides and prints them. @throws KeyctlError 2 when one side would be empty of time */
export async function showSplit(
  rt: Runtime,
  ctx: Context,
  scope: UsageScope,
  wanted: WindowFlags & {
    readonly splitAt: SplitPoint;
    readonly by: Dimension;
    readonly keyVersion: number | null;
  },
): Promise<void> {
  const { activationOf, splitUsage } = await import('../../actions/split-usage.js');
  const { usageSplit } = await import('../../render/usage-split.js');
  const { splitAt, by, keyVersion, since = null, until = ctx.now() } = wanted;
  const point =
    splitAt.kind === 'at'
      ? { rotationId: null, at: splitAt.at }
      : await activationOf(ctx, splitAt.ref, { interactive: rt.canAsk });
  if (point.at >= until || (since !== null && point.at <= since))
    throw usageError(
      '--split-at',
      'lies outside of --since and --until',
      '--split-at 2026-08-20 --since 30d',
    );
  const split = await splitUsage(ctx, scope, { ...point, since, until, by, keyVersion });
  await rt.print(usageSplit(by), split);
}
