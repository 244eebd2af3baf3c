import { type EndpointOut, endpointsOut, type HourOut, hoursOut, type Span } from '../db/reads/data-out.js';
import { familyKeys } from '../db/reads/keys.js';
import { farAboveFrom, type Usual, usual } from '../domain/usual.js';
import type { Context } from './context.js';
import { usageAsOf } from './read-usage.js';
import { type UsageScope, usageScope } from './usage-scope.js';

/** An hour against what its family's hours were before. */
export interface JudgedHour extends HourOut {
  /** Bytes or objects far above the history; false also when there is none. */
  readonly farAbove: boolean;
}

/** What left by a key, hour by hour, against the history of its family. */
export interface DataOut {
  readonly scope: UsageScope;
  readonly window: Span;
  readonly history: Span;
  readonly asOf: string | null;
  /** Oldest first, hours with any request. */
  readonly hours: readonly JudgedHour[];
  /** Of the hours of the history; null: too few to say what is usual. */
  readonly usualBytes: Usual | null;
  readonly usualObjects: Usual | null;
  readonly endpoints: readonly EndpointOut[];
}

const dayMs = 86_400_000;
/** Four weeks: every hour of a week four times, and no season. */
const historyDays = 28;
const seriesParts = 24;

/** @throws KeyctlError 3, 2 (KEY not clear) */
export async function readDataOut(
  ctx: Context,
  wanted: { readonly key: string; readonly since: Date; readonly until: Date },
  options: { readonly interactive: boolean },
): Promise<DataOut> {
  const scope = await usageScope(ctx, { key: wanted.key }, options);
  const keyIds = (scope.rows ?? []).map(({ key }) => key.id);
  const families = (scope.rows ?? []).map(({ key }) => key.familyId);
  const family = await ctx.db.query((db) => familyKeys(db, families));
  const familyIds = family.map(({ key }) => key.id);
  const window = { since: wanted.since.toISOString(), until: wanted.until.toISOString() };
  const historyFrom = new Date(wanted.since.getTime() - historyDays * dayMs).toISOString();
  const history = { since: historyFrom, until: window.since };
  const hours = await ctx.db.query((db) => hoursOut(db, keyIds, window));
  const before = await ctx.db.query((db) => hoursOut(db, familyIds, history));
  const endpoints = await ctx.db.query((db) =>
    endpointsOut(db, { keyIds, familyIds, parts: seriesParts }, window, history),
  );
  const [usualBytes, usualObjects] = [
    usual(before.map(({ bytes }) => bytes)),
    usual(before.map(({ objects }) => objects)),
  ];
  const above = (value: number, than: Usual | null) => than !== null && value >= farAboveFrom(than);
  return {
    ...{ scope, window, history, usualBytes, usualObjects, endpoints, asOf: await usageAsOf(ctx) },
    hours: hours.map((each) => ({
      ...each,
      farAbove: above(each.bytes, usualBytes) || above(each.objects, usualObjects),
    })),
  };
}
