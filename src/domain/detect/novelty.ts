import type { Activity, Knowledge, Window } from './activity.js';
import type { Baseline, Sighting } from './baseline.js';
import type { Candidate } from './finding.js';
import { networkOf } from './network.js';

/** Before so much was seen of a family everything is new, and says nothing. */
const leastHistoryDays = 7;
const leastOkRequests = 50;
/** Good-Turing: new values on more than one day of twenty are usual for this family, not a sign. */
const mostNewDayShare = 0.05;
/** A family that is used from more networks than this is a public client: where it comes from says nothing. */
const mostNetworks = 20;

export type Known = 'ips' | 'networks' | 'agents' | 'endpoints';

/** Enough was seen to call something new. */
export function isLearned(baseline: Baseline | null): baseline is Baseline {
  return (
    baseline !== null && baseline.historyDays >= leastHistoryDays && baseline.okRequests >= leastOkRequests
  );
}

/** Used by anybody from anywhere: apps on phones, pages in browsers. */
export function isPublicClient(baseline: Baseline): boolean {
  return Object.keys(baseline.networks).length > mostNetworks;
}

export function isKnown(sightings: Readonly<Record<string, Sighting>>, value: string): boolean {
  return Object.hasOwn(sightings, value);
}

/** Whether any address of the window is new. Asked first: most windows have none, and finding out more costs a look at all that are known. */
export function hasStrangers({ activity }: Window, baseline: Baseline): boolean {
  return activity.some(({ ip }) => ip !== null && !isKnown(baseline.ips, ip));
}

/** New values of this kind are rare for this family (Good-Turing by days, so that one chatty hour does not count). */
export function isRarelyNew(baseline: Baseline, kind: Known): boolean {
  return baseline.newDays[kind] / Math.max(1, baseline.historyDays) < mostNewDayShare;
}

/**
 * How surprising one more new value is: log10((N + |S|) / (N_new + 1)), N accepted requests, S the known values, N_new the days that
 * brought new ones (Good and Turing's estimate of the unseen, smoothed: Good 1953; Elastic "new_terms" asks the same without a number).
 */
export function noveltyBits(baseline: Baseline, kind: Known): number {
  const known = Object.keys(baseline[kind]).length;
  return Math.log10((baseline.okRequests + known) / (baseline.newDays[kind] + 1));
}

/** What of this request its family has not been seen with. */
export interface Novelty {
  readonly ip: boolean;
  readonly network: boolean;
  readonly agent: boolean;
  readonly endpoint: boolean;
}

export function noveltyOf(each: Activity, baseline: Baseline): Novelty {
  const network = each.ip === null ? null : networkOf(each.ip);
  const ip = each.ip !== null && !isKnown(baseline.ips, each.ip);
  return {
    ip,
    // What is no address has no network: the text itself is what is known or not (F21).
    network: network === null ? ip : !isKnown(baseline.networks, network),
    agent: each.agent !== null && !isKnown(baseline.agents, each.agent),
    endpoint: each.endpoint !== null && !isKnown(baseline.endpoints, each.endpoint),
  };
}

/** The autonomous systems and countries that the family was used from, as far as the knowledge files say. */
export function placesOf(
  baseline: Baseline,
  knowledge: Knowledge,
): { readonly asns: ReadonlySet<number>; readonly countries: ReadonlySet<string> } {
  const asns = new Set<number>();
  const countries = new Set<string>();
  for (const ip of Object.keys(baseline.ips)) {
    const place = knowledge.place(ip);
    if (place?.asn != null) asns.add(place.asn);
    if (place?.country != null) countries.add(place.country);
  }
  return { asns, countries };
}

/** How a query tells new endpoints: by their names, or by those that are known when these are fewer. */
export function freshQuery(fresh: readonly string[], baseline: Baseline | null): Candidate['query'] {
  const known = Object.keys(baseline?.endpoints ?? {});
  return fresh.length <= known.length ? { freshEndpoints: fresh } : { knownEndpoints: known };
}
