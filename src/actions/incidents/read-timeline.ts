import { type TimelineEntry, timelinePage } from '../../db/reads/incident-timeline.js';
import type { Context } from '../context.js';

const pageSize = 500;

/** Everything that happened in an incident, page by page: nothing is held in the database while it is written out. */
export async function* readTimeline(
  ctx: Context,
  incidentId: string,
): AsyncGenerator<readonly TimelineEntry[]> {
  let after = 0;
  for (;;) {
    const page = { incidentId, after, limit: pageSize };
    const entries = await ctx.db.query((db) => timelinePage(db, page));
    if (entries.length > 0) yield entries;
    if (entries.length < pageSize) return;
    after = entries.at(-1)?.seq ?? after;
  }
}
