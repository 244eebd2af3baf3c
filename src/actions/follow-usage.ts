import { type EventPlace, eventsAfter, type UsageEvent } from '../db/reads/usage-events.js';
import { isoTime } from '../domain/stored-time.js';
import type { Context } from './context.js';
import { followEveryMs, type Pause } from './pause.js';
import { filterOf, newestUsage, type UsageWindow } from './read-usage.js';
import type { UsageScope } from './usage-scope.js';

const pageSize = 500;

/** Events may arrive this much later than others of the same time and are still shown by `followUsage`. */
const latenessMs = 60_000;

/**
 * The newest events that fit, oldest first, then those that arrive, until `pause` says stop. Several gateways deliver, each with its
 * own delay, so each look goes back a minute behind the newest event and leaves out what was shown.
 */
export async function* followUsage(
  ctx: Context,
  scope: UsageScope,
  window: UsageWindow,
  start: { readonly newest: number; readonly asOf: string | null; readonly pause: Pause },
): AsyncGenerator<readonly UsageEvent[]> {
  const shown = new Map<string, string>();
  let newestAt = start.asOf ?? ctx.now().toISOString();
  const unseen = (rows: readonly UsageEvent[]): readonly UsageEvent[] => {
    const added = rows.filter((event) => !shown.has(nameOf(event)));
    for (const event of added) {
      const at = isoTime(event.ts);
      shown.set(nameOf(event), at);
      // One event dated tomorrow by a skewed clock must not make everything of today late.
      if (at > newestAt && at <= ctx.now().toISOString()) newestAt = at;
    }
    return added;
  };
  const first = newestUsage(ctx, scope, window, { limit: start.newest, asOf: start.asOf });
  const begun: UsageEvent[] = [];
  for await (const page of first.pages) begun.push(...page);
  if (begun.length > 0) yield unseen(begun.reverse());
  // What is older than the first that was shown was left out on purpose.
  const from = begun[0] === undefined ? newestAt : isoTime(begun[0].ts);

  while (await start.pause(followEveryMs)) {
    const late = new Date(Date.parse(newestAt) - latenessMs).toISOString();
    const since = late > from ? late : from;
    let after: EventPlace | null = null;
    do {
      const place: EventPlace | null = after;
      const filter = { ...filterOf(scope, window), since };
      const rows: UsageEvent[] = await ctx.db.query((db) => eventsAfter(db, filter, place, pageSize));
      const added = unseen(rows);
      if (added.length > 0) yield added;
      after = rows.length === pageSize ? (rows.at(-1) ?? null) : null;
    } while (after !== null);
    for (const [name, at] of shown) if (at < since) shown.delete(name);
  }
}

function nameOf({ ts, keyId, id }: EventPlace): string {
  return `${ts} ${keyId} ${id}`;
}
