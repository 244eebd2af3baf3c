import type { UsageExtent } from '../db/reads/usage-extent.js';
import { grouped } from './numbers.js';
import { clean, line, type Safe } from './terminal-text.js';

/** How far the log has been brought in: what came after it is unknown, not absent. */
export function logReach(asOf: string | null): Safe {
  return asOf === null ? line`no usage was ever brought in` : line`log as of ${clean(asOf)}`;
}

/** That more would have fitted. */
export function olderEvents(limit: number): Safe {
  return line`the newest ${grouped(limit)} are shown; for older ones: --limit ${limit * 10}, or --until`;
}

/** From when to when there is anything, for who found nothing. */
export function wholeExtent(extent: UsageExtent | null): Safe {
  if (extent === null) return line`no request of it was ever logged`;
  const day = clean(extent.firstAt.slice(0, 10));
  return line`its newest was at ${clean(extent.lastAt)}; all of them: --since ${day}`;
}

/** That the counts begin where nobody asked for it. */
export function olderCounts(since: string, extent: UsageExtent): Safe {
  const day = clean(extent.firstAt.slice(0, 10));
  return line`counted since ${clean(since)}; older requests go back to ${clean(extent.firstAt)}: --since ${day}`;
}
