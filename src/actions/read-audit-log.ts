import { type AuditEntry, type AuditFilter, type AuditPage, auditPage } from '../db/reads/audit-log.js';
import type { Context } from './context.js';
import { followEveryMs, type Pause } from './pause.js';

const pageSize = 500;

/** The newest rows that fit, newest first, in pages; `cut` tells afterwards whether older ones were left out. */
export interface NewestEntries {
  readonly pages: AsyncIterable<readonly AuditEntry[]>;
  cut(): boolean;
}

/** Reads page by page by seq: nothing is held in the database while somebody reads what was printed. */
export function newestEntries(ctx: Context, filter: AuditFilter, limit: number): NewestEntries {
  let cut = false;
  async function* pages(): AsyncGenerator<readonly AuditEntry[]> {
    let left = limit;
    let before: number | null = null;
    while (left > 0) {
      const size = Math.min(pageSize, left);
      // One more than is shown tells whether there are more.
      const page: AuditPage = { before, limit: size + 1 };
      const rows: AuditEntry[] = await ctx.db.query((db) => auditPage(db, filter, page));
      const shown = rows.slice(0, size);
      const last = shown.at(-1);
      left -= shown.length;
      cut = rows.length > size;
      if (last !== undefined) yield shown;
      if (!cut || last === undefined) return;
      before = last.seq;
    }
  }
  return { pages: pages(), cut: () => cut };
}

/**
 * The newest rows that fit, oldest first, then whatever is added, until `pause` says stop. By seq, which the head's lock
 * hands out in the order of commits: no row is missed. Asks again and again; no NOTIFY is relied on (F15).
 */
export async function* followEntries(
  ctx: Context,
  filter: AuditFilter,
  start: { readonly newest: number; readonly pause: Pause },
): AsyncGenerator<readonly AuditEntry[]> {
  const newest = await ctx.db.query((db) => auditPage(db, filter, { before: null, limit: start.newest }));
  let after = newest[0]?.seq ?? 0;
  if (newest.length > 0) yield newest.reverse();
  let more = true;
  while (await start.pause(more ? 0 : followEveryMs)) {
    const page = { after, limit: pageSize };
    const rows = await ctx.db.query((db) => auditPage(db, filter, page));
    if (rows.length > 0) yield rows;
    after = rows.at(-1)?.seq ?? after;
    more = rows.length === pageSize;
  }
}
