import { keyHours } from '../../db/reads/review-queue.js';
import { keysNow } from '../../db/reads/triage.js';
import type { TriageUse } from '../../domain/triage.js';
import type { Context } from '../context.js';
import { usageAsOf } from '../read-usage.js';

const hourMs = 3_600_000;
const hoursShown = 24;
/** Of an incident with more keys, the use of the others is not counted on the board. */
const mostCounted = 50;

/** How the keys of an incident are used: costs more than the rest of the board, and is read less often. */
export async function readTriageUse(
  ctx: Context,
  { id, keyIds }: { readonly id: string; readonly keyIds: readonly string[] },
): Promise<TriageUse> {
  const counted = keyIds.slice(0, mostCounted);
  const now = await ctx.db.query((db) => keysNow(db, counted));
  const rows = await ctx.db.query((db) => keyHours(db, counted, hoursShown));
  const asOf = await usageAsOf(ctx);
  const first = Math.floor(ctx.now().getTime() / hourMs) - (hoursShown - 1);
  const hours = Array<number>(hoursShown).fill(0);
  for (const { at, requests } of rows) {
    const hour = Math.floor(at / hourMs) - first;
    if (hour >= 0 && hour < hoursShown) hours[hour] = (hours[hour] ?? 0) + requests;
  }
  return {
    id,
    hours,
    byKey: new Map(
      now.map(({ keyId, requests, addresses, newAddresses }) => [
        keyId,
        { requestsPerMinute: Math.round(requests / 5), addresses, newAddresses },
      ]),
    ),
    asOf: asOf === null ? null : Date.parse(asOf),
  };
}
