import type { Activity, Window } from './activity.js';
import type { Baseline } from './baseline.js';
import { hasStrangers, isLearned, isPublicClient, noveltyOf, placesOf } from './novelty.js';

/** How a family's homes are told apart: by provider where a prefix table knows all of them, else by network. */
export interface Homes {
  readonly level: 'provider' | 'network';
  readonly known: readonly string[];
}

/**
 * The homes of a family that was learned and is no public client; null when it has more than `most`, or nothing is known, or everybody
 * in the window is.
 */
export function fewHomes(window: Window, baseline: Baseline | null, most: number): Homes | null {
  if (!isLearned(baseline) || !hasStrangers(window, baseline) || isPublicClient(baseline)) return null;
  const asns = [...placesOf(baseline, window.knowledge).asns].map((asn) => `AS${asn}`);
  const networks = Object.keys(baseline.networks);
  const homes: Homes =
    asns.length > 0 ? { level: 'provider', known: asns } : { level: 'network', known: networks };
  return homes.known.length === 0 || homes.known.length > most ? null : homes;
}

/**
 * How surely a request came from elsewhere: 0 to 2. A new provider says it by itself; a new network does only with a program or an
 * endpoint that is new as well (2: with both), because an office that moves keeps both. What was answered 401 was made by
 * somebody who has no key.
 */
export function elsewhere(each: Activity, window: Window, baseline: Baseline, homes: Homes): 0 | 1 | 2 {
  if (each.ip === null || each.requests === each.unauthorized) return 0;
  const asn = homes.level === 'provider' ? (window.knowledge.place(each.ip)?.asn ?? null) : null;
  if (asn !== null) return homes.known.includes(`AS${asn}`) ? 0 : 2;
  const novelty = noveltyOf(each, baseline);
  if (!novelty.network || !(novelty.agent || novelty.endpoint)) return 0;
  return novelty.agent && novelty.endpoint ? 2 : 1;
}
