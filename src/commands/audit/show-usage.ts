import type { Context } from '../../actions/context.js';
import type { UsageBreakdown, UsageWindow } from '../../actions/read-usage.js';
import type { StreamedUsage } from '../../actions/stream-usage.js';
import type { UsageScope } from '../../actions/usage-scope.js';
import type { Dimension } from '../../db/reads/usage-dimensions.js';
import { exitCodes } from '../../domain/errors.js';
import type { Renderer } from '../../render/renderer.js';
import { listenForInterrupt } from '../../runtime/interruption.js';
import type { Runtime } from '../../runtime/runtime.js';
import { isStreamed, streamEvents } from './stream-usage.js';

/** What is counted without --since: `--all --by ip` over years would read years. */
export const countedDays = 7;

/** The newest events, newest first; what was left out and how far the log reaches is talk. */
export async function showNewest(
  rt: Runtime,
  ctx: Context,
  scope: UsageScope,
  { limit = 100, ...window }: UsageWindow & { readonly limit: number | undefined },
): Promise<void> {
  const { usageAsOf, usageEnds } = await import('../../actions/read-usage.js');
  const { logReach, olderEvents, wholeExtent } = await import('../../render/usage-reach.js');
  const asOf = await usageAsOf(ctx);
  const { rows, cut } = isStreamed(rt, limit)
    ? await streamEvents(rt, ctx, scope, { ...window, limit })
    : await printNewest(rt, ctx, scope, { ...window, limit, asOf });
  rt.say(logReach(asOf));
  if (cut) rt.say(olderEvents(limit));
  if (rows === 0) rt.say(wholeExtent(await usageEnds(ctx, scope)));
}

/** Page by page, in any form. */
async function printNewest(
  rt: Runtime,
  ctx: Context,
  scope: UsageScope,
  { limit, asOf, ...window }: UsageWindow & { readonly limit: number; readonly asOf: string | null },
): Promise<StreamedUsage> {
  const { newestUsage } = await import('../../actions/read-usage.js');
  const { usageEvents } = await import('../../render/usage-events.js');
  const events = newestUsage(ctx, scope, window, { limit, asOf });
  let rows = 0;
  const counted = (async function* () {
    for await (const page of events.pages) {
      rows += page.length;
      yield page;
    }
  })();
  await rt.printPages(usageEvents({ scope, ...window, asOf }), counted);
  return { rows, cut: events.cut() };
}

/** The newest ten, oldest first, then what arrives. Ends by an interrupt, 130 as everywhere. */
export async function followEvents(
  rt: Runtime,
  ctx: Context,
  scope: UsageScope,
  window: UsageWindow & { readonly limit: number | undefined },
): Promise<void> {
  const { usageAsOf } = await import('../../actions/read-usage.js');
  const { followUsage } = await import('../../actions/follow-usage.js');
  const { followedEvents } = await import('../../render/usage-events.js');
  const asOf = await usageAsOf(ctx);
  const interruption = listenForInterrupt(rt.machine);
  try {
    const start = { newest: window.limit ?? 10, asOf, pause: interruption.pause };
    const pages = followUsage(ctx, scope, window, start);
    await rt.printPages(followedEvents({ scope, ...window, asOf }), pages);
    rt.exitWith(exitCodes.interrupted);
  } finally {
    interruption.done();
  }
}

export interface Counting {
  readonly by: Dimension;
  readonly limit: number | undefined;
  /** Without tokens and cost, from the covering index alone. */
  readonly lean: boolean;
  readonly renderer: Renderer<UsageBreakdown>;
}

/** Counts over the window, or over the seven days before its end. */
export async function showCounts(
  rt: Runtime,
  ctx: Context,
  scope: UsageScope,
  window: UsageWindow,
  counting: Counting,
): Promise<void> {
  const { breakdown } = await import('../../actions/read-usage.js');
  const { readable } = await import('../../render/usage-groups.js');
  const end = window.until === null ? ctx.now() : new Date(window.until);
  const since = window.since ?? new Date(end.getTime() - countedDays * 86_400_000).toISOString();
  const { by, lean, limit = null, renderer } = counting;
  // What nobody will look at is not drawn: a series costs the count once more.
  const draws = rt.flags.output === 'table' && rt.machine.terminal.stdout;
  const parts = rt.machine.terminal.columns >= 100 ? 16 : 10;
  const drawn = draws ? { groups: limit ?? readable, parts } : null;
  const counted = await breakdown(ctx, scope, { ...window, since }, { by, lean, limit, drawn });
  const { olderCounts } = await import('../../render/usage-reach.js');
  await rt.print(renderer, counted);
  const { extent } = counted;
  // With nothing counted the result itself says where to look.
  if (window.since !== null || extent === null || extent.firstAt >= since || counted.total.requests === 0)
    return;
  rt.say(olderCounts(since, extent));
}
