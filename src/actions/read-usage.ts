import type { Dimension } from '../db/reads/usage-dimensions.js';
import { type EventPlace, newestEvents, type UsageEvent } from '../db/reads/usage-events.js';
import { eventsAsOf, type UsageExtent, usageExtent } from '../db/reads/usage-extent.js';
import type { UsageFilter } from '../db/reads/usage-filter.js';
import { type GroupOptions, type UsageGroups, usageGroups } from '../db/reads/usage-groups.js';
import { type UsageSeries, usageSeries } from '../db/reads/usage-series.js';
import { isoTime } from '../domain/stored-time.js';
import type { Context } from './context.js';
import type { UsageScope } from './usage-scope.js';

/** Which part of a scope's usage; times are RFC 3339. */
export interface UsageWindow {
  readonly since: string | null;
  readonly until: string | null;
  readonly keyVersion: number | null;
}

/** Counts of a scope's usage, and how far the log reaches. */
export interface UsageBreakdown extends UsageGroups {
  readonly scope: UsageScope;
  readonly window: UsageWindow;
  readonly by: Dimension;
  /** True when only so many were asked for. */
  readonly limited: boolean;
  readonly asOf: string | null;
  /** From when to when the scope has events at all; null when it has none. */
  readonly extent: UsageExtent | null;
  /** Requests over the window, of the first groups; null: nobody asked. */
  readonly series: UsageSeries | null;
}

export interface BreakdownOptions extends GroupOptions {
  readonly by: Dimension;
  /** Of so many groups the series is read too, in so many parts, both at most; it costs the count once more. */
  readonly drawn?: { readonly groups: number; readonly parts: number } | null;
}

const dayMs = 86_400_000;
const pageSize = 500;

/** How far any usage has been brought in; looked for in the last week first. */
export function usageAsOf(ctx: Context): Promise<string | null> {
  return ctx.db.query((db) => eventsAsOf(db, new Date(ctx.now().getTime() - 8 * dayMs)));
}

/** From when to when there is any usage of this scope. */
export function usageEnds(ctx: Context, scope: UsageScope): Promise<UsageExtent | null> {
  return ctx.db.query((db) => usageExtent(db, keyIdsOf(scope)));
}

export async function breakdown(
  ctx: Context,
  scope: UsageScope,
  window: UsageWindow,
  options: BreakdownOptions,
): Promise<UsageBreakdown> {
  const filter = filterOf(scope, window);
  const counted = await ctx.db.query((db) => usageGroups(db, filter, options.by, options));
  const asOf = await usageAsOf(ctx);
  const extent = await usageEnds(ctx, scope);
  const series = await seriesOf(ctx, filter, counted, options);
  return { ...counted, scope, window, by: options.by, limited: options.limit !== null, asOf, extent, series };
}

/** Hours are a series themselves, and a window without a beginning has no parts. */
async function seriesOf(
  ctx: Context,
  filter: UsageFilter,
  { groups }: UsageGroups,
  { by, drawn = null }: BreakdownOptions,
): Promise<UsageSeries | null> {
  const { since } = filter;
  if (drawn === null || by === 'hour' || since === null || groups.length === 0) return null;
  const until = filter.until === null ? ctx.now() : new Date(filter.until);
  const starts = startsOfParts(new Date(since), until, drawn.parts);
  const of = groups.slice(0, drawn.groups).map(({ value }) => value);
  return await ctx.db.query((db) => usageSeries(db, filter, by, { of, starts }));
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const partLengths = [
  ...[1, 5, 10, 30].map((minutes) => minutes * minuteMs),
  ...[1, 2, 3, 6, 12].map((hours) => hours * hourMs),
  ...[1, 2, 3, 7, 14, 28, 91].map((days) => days * dayMs),
];

/** When each part of a window begins: parts of equal length, as a rule half a day in a week, two days in a month. */
function startsOfParts(since: Date, until: Date, most: number): string[] {
  const length = Math.max(0, until.getTime() - since.getTime());
  // `--since 7d` is a little more than that when it is read: no part of its own for half a second.
  const countOf = (part: number) => Math.max(1, Math.ceil(length / part - 0.01));
  const part = partLengths.find((each) => countOf(each) <= most) ?? length / most;
  const count = countOf(part);
  return Array.from({ length: count }, (_, at) =>
    new Date(since.getTime() + (at * length) / count).toISOString(),
  );
}

/** The newest events that fit, newest first, in pages; `cut` tells afterwards whether older ones were left out. */
export interface NewestEvents {
  readonly pages: AsyncIterable<readonly UsageEvent[]>;
  cut(): boolean;
}

/**
 * Reads page by page, and each page first where it probably lies: in the week before the newest event that is known, then in what is
 * older. A new session that may look anywhere spends 10 ms on opening 61 weeks, two of them open in 1 ms.
 */
export function newestUsage(
  ctx: Context,
  scope: UsageScope,
  window: UsageWindow,
  options: { readonly limit: number; readonly asOf: string | null },
): NewestEvents {
  let cut = false;
  async function* pages(): AsyncGenerator<readonly UsageEvent[]> {
    let left = options.limit;
    let before: EventPlace | null = null;
    let { until } = window;
    let recent = newestKnown(scope, window, options.asOf);
    // What a week did not fill is shown with what follows, under one heading.
    let ready: UsageEvent[] = [];
    for (;;) {
      const since = weekBefore(recent, window.since);
      // One more than is shown tells whether there are more.
      const size = Math.min(pageSize - ready.length, left + 1);
      const rows = await newestPage(ctx, { ...filterOf(scope, window), since, until }, before, size);
      cut = rows.length > left;
      const shown = cut ? rows.slice(0, left) : rows;
      const full = rows.length === size;
      ready.push(...shown);
      left -= shown.length;
      before = shown.at(-1) ?? before;
      if (cut || (!full && since === window.since)) break;
      if (ready.length === pageSize) {
        yield ready;
        ready = [];
      }
      if (full && before !== null) recent = isoTime(before.ts);
      else [until, recent] = [since, null];
    }
    if (ready.length > 0) yield ready;
  }
  return { pages: pages(), cut: () => cut };
}

function newestPage(
  ctx: Context,
  filter: UsageFilter,
  before: EventPlace | null,
  size: number,
): Promise<UsageEvent[]> {
  return ctx.db.query((db) => newestEvents(db, filter, before, size));
}

/** The moment from which looking back begins; null when nothing is known. */
function newestKnown(scope: UsageScope, window: UsageWindow, asOf: string | null): string | null {
  const uses = scope.rows?.flatMap(({ key }) => (key.lastUsedAt === null ? [] : [isoTime(key.lastUsedAt)]));
  return window.until ?? uses?.sort().at(-1) ?? asOf;
}

/** The later of `since` and a good week before that moment. */
function weekBefore(moment: string | null, since: string | null): string | null {
  if (moment === null) return since;
  const from = new Date(Date.parse(moment) - 8 * dayMs).toISOString();
  return since !== null && since > from ? since : from;
}

export function filterOf(scope: UsageScope, window: UsageWindow): UsageFilter {
  return { ...window, keyIds: keyIdsOf(scope) };
}

function keyIdsOf({ rows }: UsageScope): readonly string[] | null {
  return rows === null ? null : rows.map((row) => row.key.id);
}
